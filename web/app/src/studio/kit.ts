/** The few parts of Element Plus the studio uses, each with its own style and nothing else. */
import 'element-plus/es/components/base/style/css'
import 'element-plus/es/components/drawer/style/css'
import 'element-plus/es/components/input/style/css'
import 'element-plus/es/components/option/style/css'
import 'element-plus/es/components/popover/style/css'
import 'element-plus/es/components/select/style/css'
import 'element-plus/es/components/switch/style/css'
import 'element-plus/es/components/tag/style/css'

export {
  ElConfigProvider,
  ElDrawer,
  ElInput,
  ElOption,
  ElPopover,
  ElSelect,
  ElSwitch,
} from 'element-plus'
