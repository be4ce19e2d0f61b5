"""CustomMessage, CustomEmailSender and CustomSMSSender: who words a message and who sends it.

There is no KMS here, so a custom sender gets the code as plain base64 where Cognito hands over a ciphertext
of the AWS Encryption SDK. A function that decrypts must know that: `request.type` and all else is the same.
"""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass, replace
from typing import Final

from idp.outbox.base import DeliveryFailed
from idp.outbox.messages import CODE_GAP, USERNAME_GAP, Message, fill
from idp.signin.flows.triggers import TriggerRefused
from idp.triggers import answers, events
from idp.triggers.answers import MessageTexts
from idp.triggers.calling import Calling
from idp.triggers.events import Occasion, user_attributes
from idp.triggers.names import Trigger
from idp.triggers.origin import origin

log = logging.getLogger("idp.triggers")
INVITATION: Final = "AdminCreateUser"
SENDERS: Final = {"EMAIL": Trigger.CUSTOM_EMAIL_SENDER, "SMS": Trigger.CUSTOM_SMS_SENDER}


@dataclass(slots=True)
class MessageTriggers:
    """Calls the triggers of messages; the outbox asks before it delivers."""

    calling: Calling

    async def prepare(self, message: Message) -> Message | None:
        """Return the message as it is to be delivered; None when a function sends it.

        Raises DeliveryFailed where CustomMessage failed: a code that nobody can word is not sent.
        """
        draft = message.draft
        if draft is None:
            return message
        sender = SENDERS[message.medium]
        reference = draft.pool.lambda_config.function(sender)
        if reference is None:
            return await self._word(message)
        told = origin()
        occasion = Occasion(sender, draft.occasion, draft.pool, draft.user.username, told.client)
        event = events.custom_sender(
            occasion,
            user_attributes(draft.user),
            code=base64.b64encode(draft.code.encode()).decode(),
            metadata=told.metadata,
        )
        self.calling.runner.post(sender, reference, event)
        return None

    async def _word(self, message: Message) -> Message:
        draft = message.draft
        assert draft is not None
        told = origin()
        occasion = Occasion(
            Trigger.CUSTOM_MESSAGE, draft.occasion, draft.pool, draft.user.username, told.client
        )
        names_user = draft.occasion == INVITATION
        needs = (CODE_GAP, USERNAME_GAP) if names_user else (CODE_GAP,)
        texts = await self.calling.call(
            draft.pool,
            occasion.trigger,
            lambda: events.custom_message(
                occasion, user_attributes(draft.user), names_user=names_user, metadata=told.metadata
            ),
            lambda response: answers.read_message(response, needs=needs),
        )
        if isinstance(texts, TriggerRefused):
            raise DeliveryFailed(texts.message)
        return message if texts is None else reword(message, texts)


def reword(message: Message, texts: MessageTexts) -> Message:
    """Put a function's texts in the place of the pool's; what it left out stays. Pure."""
    draft = message.draft
    assert draft is not None
    body = texts.sms if message.medium == "SMS" else texts.email
    subject = texts.subject if message.medium == "EMAIL" and texts.subject else message.subject
    if body is None:
        return replace(message, subject=subject)
    is_mail = message.medium == "EMAIL"
    filled, is_html = fill(body, username=draft.named, secret=draft.code, is_mail=is_mail)
    return replace(message, subject=subject, body=filled, is_html=is_html)
