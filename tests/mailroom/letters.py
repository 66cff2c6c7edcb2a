"""Messages as tools, servers and strangers write them; all made up."""

INVITATION = """\
From: "QuickBooks" <no-reply@notification.intuit.example>
To: quickbooks+dune-alder@mail.guichet.test
Subject: =?utf-8?q?Invitation_=C3=A0_rejoindre_Dune?=
Message-ID: <invite-1@intuit.example>
Date: Wed, 4 Nov 2026 09:12:00 +0100
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

Dora vous invite dans QuickBooks.
Accepter : https://accounts.intuit.example/accept?t=abc
--b
Content-Type: text/html; charset=utf-8

<style>p{color:red}</style><p>Dora vous <b>invite</b>.</p>
<a href="https://social.example/facebook">Facebook</a>
<a href="https://accounts.intuit.example/accept?t=abc">Accepter l&rsquo;invitation</a>
<a href="javascript:alert(1)">Oups</a>
<script>alert(2)</script>
--b--
"""

DSN = """\
From: MAILER-DAEMON@mx.example (Mail Delivery System)
To: quickbooks+dune-alder@mail.guichet.test
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="r"

--r
Content-Type: text/plain

I could not deliver your message.
--r
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; purchases.dune-alder@tool.test
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 No such user

--r
Content-Type: message/rfc822

From: quickbooks+dune-alder@mail.guichet.test
Message-ID: {message_id}
Subject: Facture

secret contents
--r--
"""

OLD_BOUNCE = """\
From: postmaster@mx.example
Subject: failure notice

Sorry, it did not work out. This is a permanent error.

--- Below this line is a copy of the message.

> Message-ID: {message_id}
> Subject: Facture
"""

REFUSAL = """\
From: Tool <robot@{domain}>
Subject: Votre document
In-Reply-To: {message_id}
Auto-Submitted: auto-replied

Cet exp\u00e9diteur n\u2019est pas autoris\u00e9 \u00e0 envoyer des documents.
"""

AWAY = """\
From: Jeanne <jeanne@tool.test>
Subject: Absente
Auto-Submitted: auto-replied

De retour lundi.
"""


def as_bytes(text: str, **values: str) -> bytes:
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text.replace("\n", "\r\n").encode()
