"""People: signing in, what they may do, their accounts, tokens, sessions and settings.

account_pages  /settings/accounts/
accounts       which accounts somebody may see, and whether they may trade with one
adapter        what allauth asks us
api_tokens     tokens that people make for programs
charted        which indicators their charts show
context        what every page may show of a person's accounts
doors          who may open a page of the settings
first_owner    the person who exists before anybody has signed in
forms          what the pages of the settings ask for
hashing        Argon2, a few at a time
identity       who a request or a live connection belongs to
key_pages      /settings/keys/
ownership      opening, renaming, archiving and sharing accounts
people_pages   /settings/people/
preferences    how a person likes their terminal
programs       programs that signed in, whose refresh tokens rotate
rows           what each request asks for, in plain SQL
scopes         what may be done, in six words
sealing        secrets at rest
sessions       sessions where Redis is
signals        what signing in and out entails
token_pages    /settings/tokens/
tokens         JSON Web Tokens, and tickets for live connections
trail          lines of the audit log
two_factor     TOTP and recovery codes
views, urls    the pages
"""
