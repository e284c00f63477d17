"""Friendly names for people who gave none: the same person has the same name in both languages.

A name is a trait and an animal, chosen by a hash of the visitor's id: nothing is stored, nothing
can collide with a word somebody would rather not be called. Lines pair Chinese with English.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from yaohe.kernel.language import is_chinese

_TRAITS: Final = """
爱喝茶的 Tea-Loving|好奇的 Curious|早起的 Early|爱笑的 Smiling|晒太阳的 Sunny|哼歌的 Humming
爱散步的 Strolling|慢悠悠的 Easygoing|热心的 Kind|机灵的 Clever|安静的 Quiet|快乐的 Happy
勇敢的 Brave|温柔的 Gentle|爱读书的 Bookish|爱画画的 Painting|会跳舞的 Dancing|爱旅行的 Travelling
看星星的 Stargazing|追风的 Breezy|爱下棋的 Chess-Loving|爱吃瓜的 Melon-Loving|爱吃面的 Noodle-Loving
爱吃糖的 Sweet|爱做饭的 Cooking|爱烘焙的 Baking|爱种花的 Gardening|爱爬山的 Hiking|爱游泳的 Swimming
爱骑车的 Cycling|爱跑步的 Running|爱唱歌的 Singing|爱拍照的 Snapping|爱听雨的 Rainy|爱看海的 Seaside
爱看云的 Cloudy|踩雪的 Snowy|吹口哨的 Whistling|弹琴的 Piano|打鼓的 Drumming|吹笛子的 Fluting
爱写信的 Letter-Writing|折纸的 Paper-Folding|织毛衣的 Knitting|放风筝的 Kite-Flying|荡秋千的 Swinging
爱发呆的 Daydreaming|爱午睡的 Napping|伸懒腰的 Stretching|打哈欠的 Yawning|爱干净的 Tidy|有礼貌的 Polite
守时的 Punctual|耐心的 Patient|大方的 Generous|踏实的 Steady|自在的 Carefree|活泼的 Lively
调皮的 Playful|认真的 Earnest|淡定的 Calm|乐观的 Hopeful|可靠的 Trusty|幸运的 Lucky
闪亮的 Shiny|毛茸茸的 Fluffy|圆滚滚的 Round|软乎乎的 Soft|暖洋洋的 Warm|亮晶晶的 Sparkling
戴帽子的 Hatted|穿靴子的 Booted|系围巾的 Scarfed|戴眼镜的 Spectacled|背书包的 Satchel|打伞的 Umbrella
提灯笼的 Lantern|摘苹果的 Apple-Picking|采蘑菇的 Mushroom|捡贝壳的 Shell|数星星的 Star-Counting
赶集的 Market|逛夜市的 Night-Market|泡咖啡的 Coffee|煮豆浆的 Soy-Milk|烤红薯的 Sweet-Potato|剥橘子的 Orange
种茶的 Tea-Growing|养鱼的 Fishkeeping|喂鸟的 Bird-Feeding|爱考古的 Digging|爱发明的 Inventing|修钟表的 Clockwork
会魔术的 Magic|讲故事的 Storytelling|说相声的 Joking|猜谜的 Riddling|拼图的 Puzzling|搭积木的 Building
溜冰的 Skating|滑雪的 Skiing|冲浪的 Surfing|划船的 Rowing|航海的 Sailing|露营的 Camping
看日出的 Sunrise|看晚霞的 Sunset|赏月的 Moonlit|逛花园的 Garden|逛书店的 Bookshop|逛博物馆的 Museum
春天的 Spring|夏天的 Summer|秋天的 Autumn|冬天的 Winter|清晨的 Morning|午后的 Afternoon
山里的 Mountain|林间的 Forest|海边的 Coastal|湖边的 Lakeside|田野的 Meadow|云上的 Cloud-Top
"""  # noqa: E501

_ANIMALS: Final = """
小鹿 Deer|水獭 Otter|小猫 Kitten|小狗 Puppy|兔子 Rabbit|松鼠 Squirrel|刺猬 Hedgehog|熊猫 Panda
考拉 Koala|企鹅 Penguin|海豚 Dolphin|海豹 Seal|海獭 Sea Otter|鲸鱼 Whale|海龟 Sea Turtle|海马 Seahorse
小象 Elephant|长颈鹿 Giraffe|斑马 Zebra|羚羊 Antelope|小马 Pony|骆驼 Camel|羊驼 Alpaca|绵羊 Sheep
山羊 Goat|小牛 Calf|麋鹿 Elk|驯鹿 Reindeer|北极熊 Polar Bear|棕熊 Brown Bear|小熊 Bear Cub|浣熊 Raccoon
小熊猫 Red Panda|狐狸 Fox|耳廓狐 Fennec|雪狐 Snow Fox|狮子 Lion|老虎 Tiger|雪豹 Snow Leopard|猞猁 Lynx
猫头鹰 Owl|喜鹊 Magpie|燕子 Swallow|麻雀 Sparrow|翠鸟 Kingfisher|鹦鹉 Parrot|孔雀 Peacock|天鹅 Swan
白鹭 Egret|丹顶鹤 Crane|火烈鸟 Flamingo|鸽子 Dove|蜂鸟 Hummingbird|啄木鸟 Woodpecker|知更鸟 Robin|夜莺 Nightingale
百灵 Skylark|鸳鸯 Mandarin Duck|小鸭 Duckling|小鸡 Chick|鹈鹕 Pelican|海鸥 Gull|信天翁 Albatross|鹌鹑 Quail
蜜蜂 Bee|蝴蝶 Butterfly|瓢虫 Ladybird|蜻蜓 Dragonfly|萤火虫 Firefly|蟋蟀 Cricket|蜗牛 Snail|青蛙 Frog
树蛙 Tree Frog|蝾螈 Newt|乌龟 Tortoise|变色龙 Chameleon|锦鲤 Koi|金鱼 Goldfish|小丑鱼 Clownfish|河豚 Pufferfish
章鱼 Octopus|水母 Jellyfish|海星 Starfish|寄居蟹 Hermit Crab|龙猫 Chinchilla|仓鼠 Hamster|豚鼠 Guinea Pig|土拨鼠 Marmot
花栗鼠 Chipmunk|河狸 Beaver|鼹鼠 Mole|貂 Marten|獾 Badger|袋鼠 Kangaroo|袋熊 Wombat|树懒 Sloth
食蚁兽 Anteater|犰狳 Armadillo|水豚 Capybara|河马 Hippo|犀牛 Rhino|貘 Tapir|狐獴 Meerkat|狐猴 Lemur
金丝猴 Golden Monkey|小猴 Monkey|猩猩 Orangutan|白鲸 Beluga|独角鲸 Narwhal|海牛 Manatee|鳐鱼 Ray|鲑鱼 Salmon
鸵鸟 Ostrich|鸸鹋 Emu|鹤鸵 Cassowary|几维鸟 Kiwi|巨嘴鸟 Toucan|凤头鹦鹉 Cockatoo|戴胜 Hoopoe|杜鹃 Cuckoo
"""  # noqa: E501


def _pairs(lines: str) -> tuple[tuple[str, str], ...]:
    words = [entry for line in lines.strip().splitlines() for entry in line.split("|")]
    return tuple((zh, en) for zh, _, en in (word.strip().partition(" ") for word in words))


TRAITS: Final = _pairs(_TRAITS)
ANIMALS: Final = _pairs(_ANIMALS)


def friendly_name(visitor_id: str, lang: str = "zh-CN", *, given: str = "") -> str:
    """The name of a visitor, derived from the id alone: 爱喝茶的小鹿, Curious Otter.

    `given` is what they were called when somebody wrote it down: a derived name is said in `lang`
    whatever language it was written in, any other name stays as it is.
    """
    number = int.from_bytes(blake2b(visitor_id.encode(), digest_size=8).digest())
    number, trait = divmod(number, len(TRAITS))
    animal = ANIMALS[number % len(ANIMALS)]
    chinese, english = TRAITS[trait][0] + animal[0], f"{TRAITS[trait][1]} {animal[1]}"
    if given and given not in (chinese, english):
        return given
    return chinese if is_chinese(lang) else english
