//! Plans of inventories beside those of listings.

use ssmbak::ErrorKind;
use ssmbak::s3::tree::{Target, Tree, TreePlan};
use ssmbak_core::object::{Inventory, ObjectChange, ObjectPlanOptions, S3Location};
use ssmbak_testkit::s3_server::{InventoryPlace, Versioning};

use crate::common::{BEGIN, Small, at};

struct Rng(u64);

impl Rng {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

const KEYS: [&str; 8] = ["t/a", "t/a b+c", "t/ä\"ö,", "t//", "t/%2B", "t/z/\n", "u/x", "t"];

/// Writes, deletions and uploads of some seconds, several in one.
fn fill(small: &Small, rng: &mut Rng) -> u64 {
    let mut second = 0;
    for _ in 0..rng.below(60) {
        second += rng.below(2);
        small.clock(second);
        let key = KEYS[usize::try_from(rng.below(8)).unwrap()];
        let versioning = if rng.below(9) == 0 { Versioning::Suspended } else { Versioning::Enabled };
        small.server.set_bucket("b", versioning);
        match rng.below(4) {
            0 => small.server.delete("b", key),
            1 => drop(small.server.put_with("b", key, b"cold", &[("x-amz-storage-class", "GLACIER")])),
            _ => drop(small.server.put("b", key, rng.below(3).to_string().as_bytes())),
        }
    }
    second
}

fn inventory_of(small: &Small) -> S3Location {
    small.server.set_bucket("inv", Versioning::Never);
    let place = InventoryPlace { bucket: "inv", prefix: "b/daily/", rows: 7 };
    S3Location { bucket: "inv".to_owned(), key: small.server.write_inventory("b", &place) }
}

fn rows(mut plan: TreePlan) -> Vec<ObjectChange> {
    plan.changes.rows().map(Result::unwrap).collect()
}

#[tokio::test]
async fn plan_of_an_inventory_is_that_of_a_listing() {
    let mut changes = 0;
    for seed in 0..150_u64 {
        let (small, mut rng) = (Small::new(), Rng(seed));
        let dir = tempfile::tempdir().unwrap();
        let end = fill(&small, &mut rng);
        small.clock(end + 2);
        let place = inventory_of(&small);
        let tree = Tree::new(&small.bucket, "t/", dir.path(), 8);
        let then = at(rng.below(end + 2));
        let options = ObjectPlanOptions { delete_new: seed.is_multiple_of(2) };
        let inventory = tree.inventory(&place, then).await.unwrap();
        let read = tree.plan_of_inventory(&inventory, then, options, None, |_| {}).await.unwrap();
        let listed = tree.plan(then, options, |_| {}).await.unwrap();
        assert_eq!(read.totals, listed.totals, "seed {seed}");
        changes += listed.totals.changes();
        assert_eq!(rows(read), rows(listed), "seed {seed}");
        let to = Target { bucket: small.bucket.beside("b"), prefix: "u/".to_owned() };
        let read = tree.plan_of_inventory(&inventory, then, options, Some(&to), |_| {}).await.unwrap();
        let listed = tree.contents_at(then, &to, |_| {}).await.unwrap();
        assert_eq!(rows(read), rows(listed), "seed {seed}");
    }
    assert!(changes > 200, "{changes}");
}

#[tokio::test]
async fn inventory_of_too_little_is_refused() {
    let small = Small::new();
    let dir = tempfile::tempdir().unwrap();
    small.server.put("b", "t/a", b"one");
    small.clock(5);
    let place = inventory_of(&small);
    let tree = Tree::new(&small.bucket, "t/", dir.path(), 8);
    let refusal = async |tree: &Tree, place: &S3Location, second| {
        let error = tree.inventory(place, at(second)).await.unwrap_err();
        (error.kind, error.to_string())
    };
    let (kind, told) = refusal(&tree, &place, 6).await;
    assert!(kind == ErrorKind::Refused && told.contains("before"), "{told}");
    let other = Tree::new(&small.bucket.beside("other"), "t/", dir.path(), 8);
    let (kind, told) = refusal(&other, &place, 1).await;
    assert!(kind == ErrorKind::Refused && told.contains("is of bucket b, not of other"), "{told}");
    let text = String::from_utf8(small.server.current("inv", &place.key).unwrap().body.to_vec()).unwrap();
    for (from, to, expected) in
        [(" IsLatest,", "", "it has no column IsLatest"), ("CSV", "ORC", "only CSV"), ("{", "", "not the manifest")]
    {
        small.server.put("inv", &place.key, text.replacen(from, to, 1).as_bytes());
        let (kind, told) = refusal(&tree, &place, 1).await;
        assert!(kind == ErrorKind::Unreadable && told.contains(expected), "{told}");
    }
    let missing = S3Location { key: "nowhere/manifest.json".to_owned(), ..place.clone() };
    assert_eq!(refusal(&tree, &missing, 1).await.0, ErrorKind::NotFound);

    let inventory = Inventory::parse(text.as_bytes()).unwrap();
    let options = ObjectPlanOptions::default();
    let file = &inventory.files[0].key;
    let body = small.server.current("inv", file).unwrap().body;
    // A file that breaks off is read again.
    small.server.cut_bodies(1, 20);
    assert!(tree.plan_of_inventory(&inventory, at(1), options, None, |_| {}).await.is_ok());
    small.server.put("inv", file, &body[..20]);
    let error = tree.plan_of_inventory(&inventory, at(1), options, None, |_| {}).await.unwrap_err();
    assert!(error.kind == ErrorKind::Unreadable && error.to_string().contains("another MD5"), "{error}");
    assert_eq!(inventory.created.as_second(), i64::try_from(BEGIN + 5).unwrap());
}
