"""What went wrong in other products between a person's file and the library (bugs.md:
upload, naming, storage, pages and trash), and does not here; `BUGS` says where each of
them is a test. What came by mail or left by a run is in the indexes of those."""

import pytest

from tests.index_of_bugs import missing

NAMES, PAGES = "library.test_bugs_of_names", "library.test_bugs_of_pages"
LINE, TRASH = "library.test_bugs_of_the_line", "library.test_bugs_of_the_trash"
DEPOSITING, ACTS = "library.test_depositing", "library.test_acts"
STORAGE, MULTIPART = "infrastructure.test_storage", "infrastructure.test_multipart"
BROWSER, GUARDS = "journeys.test_bugs_of_others", "guards.test_routes"

BUGS = {
    "B11 dots, colons, capitals in a name": {
        NAMES: ["test_b11_dots_colons_and_capitals_are_kept_and_leave"],
        "library.test_naming": [
            "test_the_extension_is_what_follows_the_last_dot",
            "test_a_name_is_kept_as_far_as_it_is_safe",
        ],
    },
    "B17 NUL and control characters": {
        NAMES: [
            "test_b17_a_control_character_in_a_name_is_taken_out",
            "test_b17_what_looks_like_a_coded_one_is_a_name_like_others",
            "test_b17_nor_does_one_beside_the_file_break_anything",
            "test_b17_names_that_people_type_lose_it_too",
        ],
        "guards.test_unreadable": [
            "test_an_address_with_what_cannot_be_is_no_fault_of_ours",
            "test_a_form_with_a_nul_is_refused_with_a_sentence",
        ],
    },
    "B19 a line break in a name": {
        NAMES: ["test_b19_a_line_break_in_a_name_adds_nothing_to_the_message"],
        MULTIPART: ["test_a_name_comes_out_as_it_was_typed"],
    },
    "B24 a file of zero bytes": {
        NAMES: ["test_b24_an_empty_file_is_told_and_never_leaves"],
        DEPOSITING: ["test_an_empty_file_is_refused_and_the_others_are_kept"],
        MULTIPART: ["TestWhatIsRead.test_an_empty_file_input_is_a_file_without_name"],
        "library.test_acts_routes": [
            "test_no_file_or_an_empty_one_is_refused_where_one_looks"
        ],
        "journeys.test_depositing": [
            "test_what_is_refused_says_why_and_does_not_stop_the_rest"
        ],
    },
    "B42 names of other scripts emptied": {
        NAMES: ["test_b42_names_of_every_script_stay_and_no_key_knows_them"],
        "library.test_naming": [
            "test_any_name_becomes_one_line_that_is_not_empty",
            "test_a_name_is_kept_as_far_as_it_is_safe",
        ],
    },
    "B44 two names, one key": {
        DEPOSITING: ["test_names_of_two_scripts_keep_their_own_bytes"],
        STORAGE: [
            "TestStorage.test_keys_are_random_and_sharded",
            "TestStorage.test_two_writers_at_once_do_not_mix",
        ],
    },
    "B46 many files of one name": {
        NAMES: ["test_b46_files_of_one_name_are_as_many_documents"],
        DEPOSITING: ["test_two_files_of_one_name_stand_side_by_side"],
        "library.test_together": [
            "test_b46_two_files_of_one_name_at_once_are_two_documents"
        ],
    },
    # Of the library's own search: beside it, when it is merged.
    "B47 composed and decomposed letters": {
        NAMES: [
            "test_b47_a_name_of_a_mac_is_the_one_of_windows",
            "test_b47_nor_do_two_folders_stand_side_by_side",
        ],
    },
    "B49 too large, seen as a cut line": {
        LINE: [
            "test_b49_what_is_too_large_is_told_and_the_others_are_kept",
            "test_b49_whatever_is_refused_is_told_before_the_line_is_closed",
        ],
        DEPOSITING: ["test_a_file_over_the_limit_is_refused_with_both_sizes"],
        "journeys.test_depositing": [
            "test_what_is_refused_says_why_and_does_not_stop_the_rest"
        ],
    },
    "B51 a slow upload": {
        LINE: ["test_b51_slow_uploads_arrive_and_keep_nobody_waiting"],
        "journeys.test_depositing": ["test_a_long_file_shows_how_far_it_is"],
    },
    "B52 a directory that is dropped": {
        "journeys.test_many_at_once": [
            "test_a_directory_keeps_its_structure",
            "test_a_directory_is_chosen_without_dragging",
        ],
        "library.test_ways": [
            "test_folders_are_made_on_the_way_and_once",
            "test_six_files_at_once_find_the_same_new_folders",
        ],
    },
    "B54 hundreds of files": {
        BROWSER: ["test_b54_many_files_cut_in_the_middle_are_each_there_once"],
        DEPOSITING: ["test_the_same_upload_sent_twice_makes_one_document"],
        "journeys.test_depositing": [
            "test_a_retry_after_a_lost_answer_makes_no_double",
            "test_without_a_line_it_waits_and_goes_on_by_itself",
        ],
    },
    "B56 the stream closed after the storing": {
        LINE: ["test_b56_what_is_done_after_the_storing_is_done_for_small_and_large"],
        STORAGE: ["TestStorage.test_it_gives_back_the_same_bytes"],
    },
    "B57 accents in what the store is told": {
        LINE: ["test_b57_a_name_is_nothing_to_the_store"],
    },
    "B59 a duplicate of what is in the trash": {
        TRASH: ["test_b59_what_was_trashed_may_come_again_and_leaves"],
        ACTS: ["test_b59_a_duplicate_of_a_trashed_document_is_new_and_due"],
    },
    "B61 a line break in the header of a download": {
        NAMES: ["test_b61_a_name_that_should_not_be_there_does_not_lose_the_document"],
        "archives.test_downloads": [
            "test_no_name_leaves_its_folder_or_stops_a_system",
            "test_names_that_look_like_ways_out_stay_inside",
        ],
    },
    # Files come through the application alone: there are no addresses of the store's.
    "B62 a name to save outside Latin-1": {
        NAMES: ["test_b62_a_name_is_saved_as_it_is_with_a_plain_one_beside_it"],
        DEPOSITING: ["test_a_file_is_kept_byte_for_byte_with_its_hash"],
    },
    "B64 the sign-in page in a part of a page": {
        PAGES: [
            "test_b64_a_session_that_ended_leads_to_the_door_and_back_to_the_folder"
        ],
        "people.test_signing_in": [
            "test_a_fragment_of_a_lost_session_sends_the_whole_page_to_sign_in"
        ],
        "journeys.test_signing_in": [
            "test_signed_out_in_one_tab_the_other_is_led_to_the_door"
        ],
    },
    "B66 back shows a part of a page": {
        BROWSER: [
            "test_b66_back_and_forward_show_whole_pages",
            "test_b66_a_list_that_was_narrowed_comes_back_whole",
        ],
    },
    "B67 restoring history asks as a fragment": {
        PAGES: ["test_b67_no_page_that_history_asks_for_is_a_part_of_one"],
        "library.test_page": ["test_restoring_history_gets_the_whole_page"],
    },
    "B69 a private page after signing out": {
        BROWSER: ["test_b69_nothing_that_was_seen_stays_in_the_browser"],
        "journeys.test_signing_in": [
            "test_after_signing_out_the_back_button_shows_nothing"
        ],
        "people.test_signing_in": ["test_signing_out_ends_the_session_on_the_server"],
    },
    "B71 a double click": {
        PAGES: [
            "test_b71_a_folder_is_made_once",
            "test_b71_what_was_made_and_trashed_can_be_made_again",
            "test_b71_a_document_is_copied_once",
            "test_b71_a_new_version_is_made_once",
            "test_b71_a_document_leaves_once_by_hand",
        ],
        DEPOSITING: ["test_a_double_click_makes_one_document"],
        "journeys.test_depositing": ["test_two_clicks_on_the_button_open_one_chooser"],
        "journeys.test_without_script": [
            "test_sending_the_form_twice_makes_one_document"
        ],
        "delivery.test_queueing": ["test_a_job_of_one_id_is_queued_once"],
    },
    "B72 a page left open": {
        PAGES: [
            "test_b72_a_page_left_open_is_told_and_its_next_try_is_taken",
            "test_b72_one_token_is_good_for_a_day_of_uploads",
            "test_b72_no_other_session_s_token_is_taken",
        ],
        DEPOSITING: ["test_a_token_that_is_too_old_is_told_with_a_new_one"],
        GUARDS: ["test_nothing_changes_without_the_csrf_token"],
        "journeys.test_stale_pages": [
            "test_a_file_dropped_on_it_is_deposited",
            "test_a_button_of_it_still_obeys",
            "test_its_dialog_is_not_refused",
            "test_without_script_it_says_what_to_do",
        ],
    },
    "B74 restored where there is no folder": {
        TRASH: ["test_b74_a_document_comes_back_to_a_folder_that_lives"],
        ACTS: [
            "test_b74_restored_to_the_nearest_folder_that_lives",
            "test_b74_with_no_folder_left_above_it_is_restored_to_the_inbox",
            "test_what_few_may_see_is_not_restored_for_more",
        ],
    },
    "B76 a new folder of the trashed one's name": {
        TRASH: ["test_b76_the_trashed_folder_is_listed_beside_a_new_one_of_its_name"],
        ACTS: ["test_b76_a_trashed_folder_comes_back_beside_one_of_its_name"],
    },
    "B77 restored, moved in, switched on": {
        TRASH: [
            "test_b77_what_was_delivered_does_not_leave_again_with_its_folder",
            "test_b77_an_archive_is_announced_and_never_leaves_by_itself",
            "test_b77_no_act_crosses_to_another_company",
        ],
        ACTS: [
            "test_b77_a_delivered_one_that_is_restored_never_leaves_again",
            "test_a_folder_moved_under_a_switch_brings_nothing_but_what_comes_later",
        ],
        "library.test_acts_routes": [
            "test_the_firm_is_told_before_a_folder_comes_under_a_switch"
        ],
        "journeys.test_switching": [
            "test_what_came_meanwhile_is_shown_before_anything_is_done"
        ],
    },
    "B79 other people's files": {
        PAGES: [
            "test_b79_what_a_client_may_not_see_is_at_no_address",
            "test_b79_an_id_that_somebody_guessed_says_nothing",
        ],
        GUARDS: [
            "test_what_belongs_to_another_firm_is_not_found",
            "test_what_belongs_to_another_company_is_not_found",
        ],
        "library.test_page": [
            "test_a_firm_only_folder_and_what_is_in_it_are_not_found_by_clients"
        ],
        "guards.test_no_trace": ["test_no_byte_that_a_client_gets_tells"],
    },
}
IN_THE_PAPER = {
    *(11, 17, 19, 24, 42, 44, 46, 47, 49, 51, 52, 54, 56, 57, 59, 61, 62, 64, 66, 67),
    *(69, 71, 72, 74, 76, 77, 79),
}


@pytest.mark.parametrize("bug", BUGS)
def test_every_bug_has_its_test(bug: str) -> None:
    assert missing(BUGS, bug) == []


def test_none_of_them_is_forgotten() -> None:
    assert {int(bug[1:3]) for bug in BUGS} == IN_THE_PAPER
