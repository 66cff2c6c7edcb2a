"""Names of files in every form that mail programs write them, right or wrong."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.collection.parts import TEXT, mail, multipart, part, read

PDF_KIND = "Content-Type: application/pdf"


@pytest.fixture(autouse=True)
def _settings(whole_app: Flask) -> Iterator[None]:
    with whole_app.app_context():
        yield


NAMES = {
    # RFC 2231
    "filename*=utf-8''Facture%20%C3%A9t%C3%A9.pdf": "Facture été.pdf",
    "filename*=UTF-8'fr'Facture%20%C3%A9t%C3%A9.pdf": "Facture été.pdf",
    "filename*=iso-8859-1''re%E7u.pdf": "reçu.pdf",
    "filename*=utf-8''Invoice(s).pdf": "Invoice(s).pdf",
    "filename*=\"utf-8''Facture%20%C3%A9t%C3%A9.pdf\"": "Facture été.pdf",
    "filename*=Facture%20%C3%A9t%C3%A9.pdf": "Facture été.pdf",
    "filename*=''a%20b.pdf": "a b.pdf",
    "filename*=unheard-of''%C3%A9t%C3%A9.pdf": "été.pdf",
    "filename*0*=UTF-8''Relev%C3%A9%20;\r\n filename*1*=d%E2%80%99avril.pdf": (
        "Relevé d’avril.pdf"
    ),
    # A letter cut in two, pieces out of order, one of them not encoded
    "filename*0*=utf-8''%C3;\r\n filename*1*=%A9t%C3%A9.pdf": "été.pdf",
    'filename*1="e.pdf";\r\n filename*0="factur"': "facture.pdf",
    "filename*0*=utf-8''%C3%A9t; filename*1=\"e 100%.pdf\"": "éte 100%.pdf",
    'filename*0="=?utf-8?B?RmFjdHVyZSA=?="; filename*1="=?utf-8?B?w6l0w6kucGRm?="': (
        "Facture été.pdf"
    ),
    "filename=utf-8''Facture%20%C3%A9t%C3%A9.pdf": "Facture été.pdf",
    "filename=\"ete.pdf\"; filename*=utf-8''%C3%A9t%C3%A9.pdf": "été.pdf",
    "filename*=utf-8''; filename=\"a.pdf\"": "a.pdf",
    # RFC 2047 where it should not be
    'filename="=?utf-8?B?RmFjdHVyZSA=?=\r\n =?utf-8?B?w6l0w6kucGRm?="': (
        "Facture été.pdf"
    ),
    "filename==?utf-8?B?VGhpcyBpcyBhIHRlc3QucGRm?=": "This is a test.pdf",
    'filename="=?iso-8859-1?Q?re=E7u_?= =?utf-8?B?4oKsLnBkZg==?="': "reçu €.pdf",
    'filename="=?iso-8859-1?Q?Facture novembre=2Epdf?="': "Facture novembre.pdf",
    'filename="=?utf-8?Q?=C3?= =?utf-8?Q?=A9t=C3=A9.pdf?="': "été.pdf",
    'filename="=?utf-8?B?RmFjdHVyZSDDqXTDqQ?=.pdf"': "Facture été.pdf",
    'filename="=?UTF-8*fr?Q?=C3=A9t=C3=A9.pdf?="': "été.pdf",
    'filename="=?ks_c_5601-1987?B?u+fB+C5KUEc=?="': "사진.JPG",
    'filename="=?x-foo?B?w6l0w6kucGRm?="': "été.pdf",
    # Bytes as they are
    'filename="Facture été.pdf"': "Facture été.pdf",
    'filename="Facture \udce9t\udce9.pdf"': "Facture été.pdf",
    "filename=été.pdf": "été.pdf",
    # Quotes forgotten, folded anywhere, escaped
    "filename=This is a test.pdf": "This is a test.pdf",
    'filename="no end.pdf': "no end.pdf",
    'filename="Facture\r\n\tnovembre.pdf"': "Facture novembre.pdf",
    'filename="a \\"b\\".pdf"': 'a "b".pdf',
    "filename='a.pdf'": "a.pdf",
    'filename="a;b.pdf"; size=3': "a;b.pdf",
    "FILENAME = a.pdf ; size=3": "a.pdf",
    "x=1;filename=a.pdf": "a.pdf",
    # Dots, colons, capitals
    'filename="Avis 04.04.2024.pdf"': "Avis 04.04.2024.pdf",
    'filename="Invoice: 12 v. 29.03.2024.pdf"': "Invoice: 12 v. 29.03.2024.pdf",
    "filename=FACTURE.PDF": "FACTURE.PDF",
    # What may not stay in a name
    "filename*=utf-8''fac%00ture.pdf": "facture.pdf",
    "filename*=utf-8''a.pdf%0D%0ABcc:%20x@evil.test": "a.pdf",
    'filename="=?utf-8?Q?Kontoutskrift_14.90466=0ABedriftskonto.pdf?="': (
        "Kontoutskrift 14.90466Bedriftskonto.pdf"
    ),
    'filename="1234/../../1234.pdf"': "1234.pdf",
    'filename="C:\\\\Users\\\\me\\\\a.pdf"': "a.pdf",
    "filename*=utf-8''fac%E2%80%8Bture%E2%80%AE.pdf": "facture.pdf",
    'filename="e\u0301te\u0301.pdf"': "été.pdf",
}


@pytest.mark.parametrize("written", NAMES)
@pytest.mark.parametrize("header", ["Content-Disposition: attachment", PDF_KIND])
def test_a_name_is_read_as_it_was_meant(written: str, header: str) -> None:
    if header == PDF_KIND:
        written_there = written.replace("filename", "name").replace("FILENAME", "NAME")
        headers = f"{PDF_KIND}; {written_there}"
    else:
        headers = f"{PDF_KIND}\r\n{header}; {written}"
    assert read(mail(multipart(TEXT, part(headers)))).names == [NAMES[written]]


def test_the_disposition_names_it_rather_than_the_type() -> None:
    headers = f"{PDF_KIND}; name=b.pdf\r\nContent-Disposition: attachment; "
    assert read(mail(part(headers + "filename=a.pdf"))).names == ["a.pdf"]
    assert read(mail(part(headers + 'filename=""'))).names == ["b.pdf"]


def test_a_long_name_keeps_its_ending_within_200_characters() -> None:
    headers = f'{PDF_KIND}; name="{"été " * 200}.pdf"'
    found = read(mail(part(headers)))
    [item] = found.reading.documents
    assert len(item.raw_name) <= 200
    assert item.raw_name.startswith("été été")
    assert found.names[0].endswith("….pdf")


def test_a_name_cut_within_a_letter_keeps_the_rest_of_its_script() -> None:
    cut = "Картинка с очень длинным именем ч".encode()[:-1]
    headers = f'{PDF_KIND}; name="{cut.decode("utf-8", "surrogateescape")}"'
    assert read(mail(part(headers))).names == ["Картинка с очень длинным именем.pdf"]


def test_what_cannot_be_decoded_still_names_a_document() -> None:
    for written in ('"=?utf-8?B?w6l0w?="', '"=?x?x"', '"\udcff\udcfe.pdf"'):
        found = read(mail(part(f"{PDF_KIND}; name={written}")))
        [name] = found.names
        assert name.endswith(".pdf")
        name.encode()
