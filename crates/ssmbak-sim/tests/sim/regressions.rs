//! Histories that were once answered or judged wrongly.

use futures_executor::block_on;
use ssmbak_sim::Fault;
use ssmbak_sim::history::History;
use ssmbak_sim::run::play;
use ssmbak_sim::story::Story;

/// A story whose last questions must be answered truly.
trait Ending {
    fn true_at(self, times: &[i64]);
}

impl Ending for Story {
    fn true_at(self, times: &[i64]) {
        is_answered_truly(&self.ask_at_end(times).history());
    }
}

fn is_answered_truly(history: &History) {
    let tally = block_on(play(history));
    assert_eq!(tally.mismatches, Vec::<String>::new());
    assert!(tally.judged() > 0, "nothing was judged: {tally:?}");
}

const DAY: i64 = 86_400_000;

#[test]
fn regression_first_version_dropped_from_history_before_its_event_came() {
    Story::new(2)
        .put(818_254, 4)
        .put(818_554, 5)
        .put(829_725, 6)
        .deliver(866_699, 4)
        .true_at(&[5_401, 819_855, 828_001]);
}

#[test]
fn regression_versions_missing_between_a_known_one_and_a_lost_one() {
    Story::new(3)
        .put(415_898, 4)
        .deliver(461_087, 4)
        .put(988_852, 5)
        .put(992_485, 6)
        .put(996_131, 7)
        .put(996_243, 8)
        .put(1_031_833, 9)
        .deliver(1_053_959, 6)
        .true_at(&[989_577, 993_001, 1_040_001]);
}

#[test]
fn regression_sweep_finds_it_missing_in_the_second_of_its_deletion() {
    Story::new(5)
        .put(322, 1)
        .deliver(33_464, 1)
        .delete(972_380, 2)
        .sweep(972_516)
        .deliver(1_026_994, 2)
        .true_at(&[500_001, 972_001, 980_001]);
}

#[test]
fn regression_update_of_an_incarnation_that_ended_in_the_second_of_the_next() {
    Story::new(3)
        .put(929_233, 4)
        .put(932_077, 5)
        .expire(932_104, 6)
        .put(932_492, 7)
        .deliver(983_643, 5)
        .true_at(&[2_000_001]);
}

#[test]
fn regression_marker_of_an_expired_tombstone_takes_no_other() {
    Story::new(3)
        .put(63_094_001, 1)
        .deliver(63_130_001, 1)
        .put(87_995_184, 4)
        .delete(87_995_253, 5)
        .put(87_995_318, 6)
        .deliver(88_046_037, 5)
        .deliver(88_080_830, 4)
        .delete(90_160_478, 7)
        .deliver(90_187_445, 7)
        .lifecycle(42 * DAY, 0b1011)
        .true_at(&[41 * DAY + 1, 42 * DAY + 1]);
}

#[test]
fn regression_killed_between_two_versions_and_deleted_before_the_retry() {
    for call in 3..8 {
        Story::new(5)
            .put(248_249, 1)
            .put(248_660, 2)
            .put(730_163, 3)
            .deliver_broken(773_175, 3, call, Fault::Before)
            .delete(785_250, 4)
            .deliver(2_539_428, 3)
            .deliver(2_689_711, 2)
            .true_at(&[250_381, 700_001, 740_001, 800_001]);
    }
}

#[test]
fn regression_events_of_a_creation_and_a_deletion_of_one_second() {
    Story::new(100)
        .put(586_640, 1)
        .sweep(588_883)
        .delete(1_312_124, 5)
        .put(9_694_459, 6)
        .delete(9_694_986, 7)
        .deliver(9_743_596, 7)
        .deliver(12_542_542, 6)
        .true_at(&[1_312_519, 5_000_001, 13_000_001]);
}

#[test]
fn regression_events_of_an_update_and_a_creation_of_one_second() {
    Story::new(100)
        .put(88_334_290, 4)
        .deliver(88_342_607, 4)
        .delete(121_527_793, 6)
        .put(130_407_017, 8)
        .put(130_407_647, 9)
        .delete(130_410_817, 10)
        .deliver(130_472_359, 9)
        .deliver(132_758_391, 8)
        .true_at(&[121_882_575, 130_000_001]);
}

#[test]
fn regression_found_missing_in_the_second_of_another_incarnations_deletion() {
    Story::new(100)
        .put(979_946, 1)
        .deliver(1_032_437, 1)
        .delete(1_107_137, 3)
        .sweep(1_111_236)
        .put(1_111_605, 4)
        .delete(1_111_678, 5)
        .deliver(1_139_922, 5)
        .deliver(1_182_133, 4)
        .true_at(&[1_110_812, 1_200_001]);
}

#[test]
fn regression_two_updates_lost_of_one_second_are_two() {
    Story::new(3)
        .put(438_534, 1)
        .deliver(492_521, 1)
        .put(978_793, 2)
        .put(978_885, 3)
        .put(983_271, 4)
        .put(984_046, 5)
        .put(984_548, 6)
        .deliver(1_013_186, 2)
        .deliver(1_575_418, 3)
        .true_at(&[440_473, 977_001, 980_001]);
}

#[test]
fn regression_events_of_updates_that_may_be_of_the_next_incarnation() {
    Story::new(2)
        .put(610_076, 6)
        .put(610_120, 7)
        .deliver(639_220, 7)
        .delete(1_129_136, 9)
        .put(1_187_874, 10)
        .put(1_449_716, 11)
        .put(1_454_702, 12)
        .put(1_459_384, 13)
        .deliver(1_519_608, 11)
        .true_at(&[1_000_001, 1_130_001, 1_189_076, 1_450_001]);
}

#[test]
fn regression_an_incarnation_that_the_next_ones_numbers_continue() {
    Story::new(2)
        .put(91_022, 4)
        .deliver(95_510, 4)
        .delete(950_293, 5)
        .put(955_877, 8)
        .put(961_846, 10)
        .put(966_755, 11)
        .put(970_235, 12)
        .deliver(998_833, 10)
        .true_at(&[949_001, 955_877, 1_000_001]);
}

#[test]
fn regression_a_deletion_in_the_second_of_a_creation_may_be_of_either_incarnation() {
    for expired in [false, true] {
        let story =
            Story::new(100).put(64_222, 6).deliver(94_245, 6).delete(377_234, 7).put(652_496, 10).sweep(652_527);
        let story = if expired { story.expire(652_645, 11) } else { story.delete(652_645, 11) };
        story.deliver(720_687, 11).true_at(&[370_001, 500_642, 653_001, 800_001]);
    }
}

#[test]
fn regression_a_failed_sweep_that_wrote_more_than_it_reported() {
    Story::new(2)
        .put(627_640, 2)
        .deliver(686_826, 2)
        .put(783_656, 3)
        .put(784_359, 4)
        .sweep_broken(785_314, 8, Fault::After)
        .delete(787_215, 5)
        .deliver(1_358_924, 3)
        .true_at(&[782_056, 900_001]);
}

#[test]
fn regression_event_of_a_deletion_after_both_incarnations_ended() {
    for again in [false, true] {
        let story = Story::new(100)
            .put(84_910, 1)
            .sweep(85_487)
            .delete(244_078, 3)
            .put(244_832, 4)
            .sweep(244_998)
            .delete(625_968, 7);
        let story = if again { story.put(626_673, 8) } else { story };
        story.deliver(3_119_783, 3).true_at(&[87_435, 200_001, 245_001, 3_200_001]);
    }
}

#[test]
fn regression_a_lost_version_of_the_second_of_another_may_be_that_one() {
    for call in 4..16 {
        Story::new(2)
            .put(956_437, 3)
            .deliver(1_191_329, 3)
            .put(1_654_287, 4)
            .put(1_935_114, 5)
            .put(1_935_419, 6)
            .sweep_broken(1_935_542, call, Fault::Throttled)
            .delete(1_937_074, 7)
            .deliver(1_942_242, 5)
            .true_at(&[1_656_093, 1_900_001, 1_936_001]);
    }
}

/// Histories that the long run answered wrongly once, or judged wrongly, by their seeds.
fn seeds_are_answered_truly(seeds: &[u64]) {
    for seed in seeds {
        is_answered_truly(&History::generate(*seed));
    }
}

#[test]
fn regression_an_update_whose_version_only_an_older_read_missed() {
    seeds_are_answered_truly(&[60_170]);
}

#[test]
fn regression_a_version_linked_by_a_read_that_came_too_late() {
    seeds_are_answered_truly(&[72_377]);
}

#[test]
fn regression_a_deletion_recorded_by_a_function_that_was_killed() {
    seeds_are_answered_truly(&[120_360]);
}

#[test]
fn regression_an_update_that_may_be_of_a_version_a_killed_sweep_recorded() {
    seeds_are_answered_truly(&[130_348]);
}

#[test]
fn regression_recreation_in_the_second_of_a_deletion_whose_second_record_expired() {
    seeds_are_answered_truly(&[146_090]);
}

#[test]
fn regression_a_sighting_after_a_false_deletion_that_outlives_the_copy_which_overruled_it() {
    seeds_are_answered_truly(&[14_946, 74_443, 123_404, 144_641]);
}

#[test]
fn regression_marker_of_the_second_of_a_version_whose_tombstone_expired() {
    seeds_are_answered_truly(&[562_749, 847_594]);
}

#[test]
fn regression_a_creation_in_the_second_of_an_unknown_incarnations_deletion() {
    seeds_are_answered_truly(&[336_341, 389_073]);
}

#[test]
fn regression_a_deletion_that_may_have_ended_any_version_of_its_second() {
    seeds_are_answered_truly(&[925_011, 675_673]);
}

#[test]
fn regression_missed_by_a_late_read_before_an_incarnation_whose_beginning_expired() {
    seeds_are_answered_truly(&[395_506, 541_925, 570_347, 954_338]);
}

#[test]
fn regression_a_marker_on_top_that_what_lies_below_it_contradicts() {
    seeds_are_answered_truly(&[348_605, 581_785, 711_327, 752_982, 896_918, 918_162]);
}

#[test]
fn regression_created_deleted_and_created_again_in_one_second_and_shown_after_it() {
    seeds_are_answered_truly(&[797_731]);
}

#[test]
fn regression_missing_before_its_first_record_was_never_deleted() {
    seeds_are_answered_truly(&[544_316]);
}

#[test]
fn regression_a_deletion_whose_tombstone_expired_before_those_of_earlier_ones() {
    seeds_are_answered_truly(&[337_276]);
}

#[test]
fn regression_an_event_of_a_version_that_a_failed_handling_may_have_recorded() {
    seeds_are_answered_truly(&[22_397, 531_337, 821_664]);
}
