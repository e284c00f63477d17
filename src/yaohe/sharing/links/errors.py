"""What links refuse, in words a client can read.

NotFound
└── LinkNotFound      404 link_not_found      no link has this token
Conflict
├── SlugTaken         409 slug_taken          another link, or a share, has this name
└── LinksFull         409 links_full          the shop has as many as it may
BadInput
├── SiteNotAllowed    422 site_not_allowed    the address is on no site of the shop's list
├── TargetMissing     422 target_missing      no such room, product on its shelf, or clip
├── SlugRefused       422 slug_refused        no name a link may have
└── SheetWrong        422 sheet_wrong         a line of the CSV; the sentence names it
"""

from __future__ import annotations

from yaohe.kernel.errors import BadInput, Conflict, NotFound


class LinkNotFound(NotFound):
    code = "link_not_found"
    message = "There is no such link."


class SlugTaken(Conflict):
    code = "slug_taken"
    message = "This link name is taken. Choose another."


class SlugRefused(BadInput):
    code = "slug_refused"
    message = "A link name is 3 to 40 of a-z, 0-9 and single hyphens, and no word of the house."


class LinksFull(Conflict):
    code = "links_full"
    message = "The shop has as many links as it may. Write to who runs this server."


class SiteNotAllowed(BadInput):
    code = "site_not_allowed"
    message = "Put this site on the list of allowed sites first; then a link may lead there."


class TargetMissing(BadInput):
    code = "target_missing"
    message = "There is no such room, product or clip."


class SheetWrong(BadInput):
    code = "sheet_wrong"
    message = "This is no table of links."


LINK_ERRORS = (BadInput, LinksFull, SiteNotAllowed, SlugRefused, SlugTaken, TargetMissing)
