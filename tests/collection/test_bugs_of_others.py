"""What went wrong in other products between a mail and the library (bugs.md, B01 to
B41), and does not here; `BUGS` says where each of them is a test."""

import re
from pathlib import Path

import pytest

from tests.delivery.test_bugs_of_others import BUGS as OF_THE_RUN
from tests.index_of_bugs import missing
from tests.library.test_bugs_of_others import BUGS as OF_THE_LIBRARY

PAPER = Path(__file__).parents[3] / "shared/bugs.md"
LETTERS, WAY = "collection.test_bugs_of_letters", "collection.test_bugs_of_the_way"
WRITTEN = "collection.test_bugs_of_names"
READING, NAMES = "collection.test_reading", "collection.test_reading_names"
FILING, LOOPS = "collection.test_filing", "collection.test_loops"
DOOR, TURNS = "mailroom.test_door_to_addresses", "collection.test_turns"
WEBHOOK, MAILBOX = "mailroom.test_inbound", "mailroom.test_watching"
CORPUS = "collection.test_corpus"
REAL = "test_a_real_message_yields_what_the_index_says"
AS_MEANT = "test_a_name_is_read_as_it_was_meant"
AND_LEAVES = "test_b01_b02_b04_a_name_arrives_as_it_was_meant_and_leaves_so"
IN_PLACE = "test_b06_b07_b14_a_pdf_is_filed_whatever_is_said_of_its_place"
BUGS = {
    "B01 names by RFC 2231": {
        WRITTEN: [AND_LEAVES],
        NAMES: [AS_MEANT, "test_the_disposition_names_it_rather_than_the_type"],
        CORPUS: [REAL],
    },
    "B02 names by RFC 2047": {
        WRITTEN: [AND_LEAVES],
        NAMES: [AS_MEANT, "test_what_cannot_be_decoded_still_names_a_document"],
        CORPUS: [REAL],
    },
    "B04 several charsets in one name": {WRITTEN: [AND_LEAVES], NAMES: [AS_MEANT]},
    "B06 a name on the type only": {
        LETTERS: [IN_PLACE],
        NAMES: [AS_MEANT],
        READING: [
            "test_a_named_part_is_filed_whatever_its_disposition",
            "test_a_text_with_a_name_that_is_no_letter_is_filed_whatever_it_stands_in",
        ],
        CORPUS: [REAL],
    },
    "B07 a PDF marked inline": {
        LETTERS: [
            IN_PLACE,
            "test_b07_files_of_every_kind_are_filed_though_they_are_inline",
        ],
        READING: [
            "test_a_named_part_is_filed_whatever_its_disposition",
            "test_what_is_sent_in_one_of_two_forms_of_the_letter_is_filed",
        ],
    },
    "B09 no name at all": {
        WRITTEN: ["test_b09_what_has_no_name_gets_one_that_can_be_read"],
        READING: [
            "test_what_has_no_name_gets_that_of_the_mail_a_number_and_an_ending",
            "test_one_without_a_name_gets_no_number_and_one_ending",
        ],
        CORPUS: [REAL],
    },
    "B11 dots, colons, capitals in a name": {
        WRITTEN: ["test_b11_dots_colons_and_capitals_are_kept_of_what_comes_by_mail"],
        NAMES: [AS_MEANT],
        READING: ["test_a_name_whose_ending_was_cut_off_gets_that_of_the_content"],
    },
    "B12 forwarded as an attachment": {
        LETTERS: ["test_b12_what_is_in_a_mail_that_was_attached_is_filed"],
        READING: [
            "test_attached_messages_are_opened_to_the_second_and_kept_beyond",
            "test_an_attached_message_without_a_document_is_one",
            "test_an_attached_message_is_named_once_when_its_document_is_filed",
            "test_an_attached_message_encoded_against_the_rule_is_opened",
            "test_an_empty_attached_message_is_no_document",
        ],
        CORPUS: [REAL],
    },
    "B14 a PDF with a Content-ID": {
        LETTERS: [IN_PLACE],
        READING: [
            "test_a_picture_that_the_text_shows_is_not_filed_beside_a_document",
            "test_a_pdf_that_the_text_shows_is_filed",
            "test_a_picture_that_no_text_shows_is_filed_whatever_id_it_has",
        ],
        CORPUS: [REAL],
    },
    "B16 a charset that is none": {
        LETTERS: ["test_b16_no_charset_keeps_a_mail_out_nor_the_next_one"],
        NAMES: [AS_MEANT],
        "mailroom.test_reading": [
            "test_hostile_bytes_are_read",
            "test_nothing_that_looks_like_a_mail_makes_it_raise",
        ],
    },
    "B17 NUL and control characters": {
        WRITTEN: [
            "test_b17_a_control_character_in_a_name_is_taken_out_of_what_comes_by_mail",
            "test_b17_a_nul_in_whatever_a_mail_says_keeps_no_document_out",
        ],
        NAMES: [AS_MEANT],
    },
    "B19 a line break in a name": {
        WRITTEN: [
            "test_b19_a_line_break_in_a_name_that_came_by_mail_adds_nothing_to_the_message"
        ],
        NAMES: [AS_MEANT],
        "delivery.test_message": ["test_b19_no_name_can_add_a_header"],
        CORPUS: [REAL],
    },
    "B21 the letter filed beside its paper": {
        LETTERS: ["test_b21_a_mail_with_one_pdf_is_one_document"],
        READING: ["test_the_letter_is_never_filed", "test_signatures_are_not_filed"],
    },
    "B22 an invoice in the text alone": {
        LETTERS: [
            "test_b22_an_invoice_that_is_the_text_itself_is_never_met_with_silence",
            "test_b22_what_a_circular_says_can_be_seen_where_its_address_is",
        ],
        "collection.test_receipts": [
            "test_a_known_person_whose_mail_held_nothing_to_file_is_told"
        ],
        LOOPS: ["test_an_invoice_in_the_text_of_a_robot_s_mail_is_shown_to_staff"],
    },
    "B24 a file of zero bytes": {
        LETTERS: [
            "test_b24_an_empty_attachment_is_told_and_never_leaves",
            "test_b24_an_empty_attachment_alone_is_nothing_to_file",
        ],
        READING: ["test_an_empty_part_is_told_and_not_filed"],
    },
    "B26 the domain left out": {
        DOOR: ["test_two_firms_with_one_slug_are_told_apart_by_the_domain"],
        WEBHOOK: [
            "test_each_recipient_of_the_envelope_has_one_and_strangers_have_none"
        ],
        MAILBOX: ["test_it_is_for_the_topmost_that_is_ours_and_not_the_mailbox_s_own"],
        FILING: ["test_an_address_is_known_in_capitals_and_by_its_domain"],
        WAY: ["test_b26_what_is_filed_goes_by_the_domain_too"],
    },
    "B27 the catch-all's own address": {
        MAILBOX: [
            "test_what_came_for_an_address_of_ours_is_taken_once_and_stays",
            "test_it_is_for_the_topmost_that_is_ours_and_not_the_mailbox_s_own",
            "test_b27_the_catch_all_s_own_address_is_no_recipient_however_one_signs_in",
            "test_b27_of_two_that_are_nobody_s_the_topmost_is_kept_for_a_person",
        ],
        WAY: ["test_b27_headers_of_the_way_are_nothing_to_the_envelope"],
    },
    "B29 the tag lost, the case changed": {
        "collection.test_addresses": [
            "test_letters_small_or_large_are_one_address",
            "test_what_is_nobody_s_is_nobody_s",
        ],
        DOOR: [
            "test_an_address_that_lost_its_tag_is_kept_for_a_person_and_never_guessed"
        ],
        WAY: [
            "test_b29_an_address_is_known_in_whatever_case_it_comes",
            "test_b29_without_its_tag_it_is_kept_for_a_person_whoever_wrote",
        ],
    },
    "B31 notices that go round": {
        LOOPS: [
            "test_nothing_from_our_own_addresses_is_filed_nor_answered",
            "test_two_collection_addresses_that_write_to_each_other_stop_at_once",
            "test_a_receipt_that_is_sent_back_to_us_makes_nothing_grow",
        ],
        "collection.test_receipts": [
            "test_a_supplier_gets_one_a_day",
            "test_a_stranger_whose_mail_waits_is_not_told",
            "test_addresses_that_nobody_reads_get_none",
        ],
        WAY: ["test_b31_who_is_refused_is_written_to_once_at_the_most"],
    },
    "B32 what we sent comes back": {
        LOOPS: [
            "test_what_we_sent_and_comes_back_is_no_document",
            "test_what_we_sent_within_another_message_waits_for_a_person",
            "test_no_destination_may_be_an_address_of_ours_of_whatever_firm",
            "test_a_bounce_of_a_delivery_is_told_to_it_and_is_no_document",
            "test_a_bounce_with_the_document_in_it_files_nothing",
            "test_a_bounce_in_words_alone_is_one_too",
        ],
        "mailroom.test_returns": [
            "test_what_comes_back_to_the_envelope_is_the_delivery_s_bounce"
        ],
        WAY: ["test_b32_our_paper_that_a_tool_passes_on_does_not_leave_again"],
    },
    "B34 the same with another Message-ID": {
        FILING: [
            "test_the_same_message_twice_is_one",
            "test_the_same_papers_in_another_message_are_filed_and_flagged",
        ],
        WEBHOOK: ["test_the_same_again_ten_times_is_200_and_nothing_more"],
        WAY: [
            "test_b34_one_that_comes_again_is_flagged_and_held_where_that_is_asked_for",
            "test_b34_a_provider_s_retry_is_one_though_its_bytes_were_rewritten",
        ],
    },
    "B36 one poisoned mail": {
        TURNS: [
            "test_many_poisoned_mails_keep_no_good_one_waiting",
            "test_one_that_kills_its_readers_comes_before_a_person",
            "test_some_that_can_never_be_read_now_let_the_others_pass",
        ],
        WAY: [
            "test_b36_after_sixty_to_nobody_the_good_one_is_filed_and_each_was_tried_once"
        ],
    },
    "B37 said to be kept, and not": {
        "mailroom.test_door": [
            "test_it_is_committed_before_the_answer",
            "test_when_the_store_is_away_it_comes_again",
        ],
        WEBHOOK: ["test_when_the_store_is_away_it_comes_again"],
        MAILBOX: ["test_when_the_store_is_away_it_is_taken_afterwards_once"],
        TURNS: ["test_while_something_is_away_mails_wait_and_are_not_blamed"],
        "faults.test_nth_mail": ["test_a_mail_is_never_lost_and_filed_once"],
        WAY: ["test_b37_while_the_bucket_says_503_mail_waits_outside_or_inside"],
    },
    "B39 too big, and taken all the same": {
        DOOR: [
            "test_the_size_that_is_advertised_is_the_one_that_is_applied",
            "test_far_beyond_it_is_one_552_too",
            "test_by_lmtp_what_is_too_big_is_said_to_each",
        ],
        MAILBOX: [
            "test_one_beyond_the_size_is_not_downloaded_and_a_person_learns_of_it"
        ],
        WAY: ["test_b39_a_paper_of_the_limit_is_filed_and_beyond_it_is_told_once"],
    },
    "B41 headers that cannot be read": {
        LETTERS: ["test_b41_headers_that_cannot_be_read_keep_no_mail_out"],
        "collection.test_senders": [
            "test_a_message_without_an_author_is_of_nobody",
            "test_headers_on_top_make_nobody_else_of_the_sender",
        ],
        CORPUS: [REAL, "test_no_file_of_the_corpus_breaks_its_reader"],
    },
}
IN_THE_PAPER = {
    *(1, 2, 4, 6, 7, 9, 11, 12, 14, 16, 17, 19, 21, 22, 24, 26, 27, 29, 31, 32, 34),
    *(36, 37, 39, 41),
}


@pytest.mark.parametrize("bug", BUGS)
def test_every_bug_has_its_test(bug: str) -> None:
    assert missing(BUGS, bug) == []


def test_none_of_them_is_forgotten() -> None:
    assert {int(bug[1:3]) for bug in BUGS} == IN_THE_PAPER


@pytest.mark.skipif(not PAPER.is_file(), reason="../shared/bugs.md is not there")
def test_every_entry_of_the_paper_is_in_an_index() -> None:
    entries = re.findall(r"^\*\*(B\d+) ", PAPER.read_text(), re.MULTILINE)
    known = {bug[:3] for index in (BUGS, OF_THE_LIBRARY, OF_THE_RUN) for bug in index}
    assert entries
    assert set(entries) <= known
