"""Messages with papers in them; all made up."""

from email.message import EmailMessage

from tests.papers import one_page_pdf


def letter(
    *files: tuple[str, str],
    sender: str = "Fournitures <compta@supplier.test>",
    subject: str = "Votre facture",
    message_id: str = "<1@supplier.test>",
    text: str = "Bonjour,\nveuillez trouver ci-joint votre facture.\n",
) -> bytes:
    """A message with files (name, media type); each holds its own name."""
    message = EmailMessage()
    message["From"], message["Subject"] = sender, subject
    message["To"] = "whoever@example.test"
    message["Message-ID"] = message_id
    message.set_content(text)
    for name, media_type in files:
        kind, _slash, sub = media_type.partition("/")
        content = one_page_pdf(name) if sub == "pdf" else name.encode()
        message.add_attachment(content, maintype=kind, subtype=sub, filename=name)
    return message.as_bytes()
