"""Coming in, going out, one's account, and letting others in."""

from people.views.account import account, password
from people.views.invitations import invitation, invitations, revoke_invitation
from people.views.signing import locked_out, sign_in, sign_out
from people.views.tokens import revoke_token, tokens

__all__ = (
    "account",
    "invitation",
    "invitations",
    "locked_out",
    "password",
    "revoke_invitation",
    "revoke_token",
    "sign_in",
    "sign_out",
    "tokens",
)
