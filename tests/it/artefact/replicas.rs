//! Three replicas on one PostgreSQL: one dies, one is cut off from the database.

use std::time::Duration;

use super::door::{Setup, component, until};
use super::postgres::Postgres;
use super::proxy::Proxy;
use super::stand::Stand;

const FAST: &str = "
work: {workers: 2, leaseSeconds: 2, settleMilliseconds: 0, backoffMilliseconds: 50}
sweep: {intervalSeconds: 2, callsPerSecond: 1000}
actions: {dryRun: false}
";
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn replicas_share_the_work_and_none_deletes_without_a_lease() {
    let postgres = Postgres::start();
    let database = postgres.database();
    let proxy = Proxy::to(postgres.address());
    let by_proxy = database.replace(&postgres.address().to_string(), &proxy.address.to_string());
    let stand = Stand::start();
    let setup = |name: &str, database: &str| {
        Setup::new(&stand, &format!("/{name}"), FAST).with_database(database)
    };
    let (first, second, third) =
        (setup("first", &database), setup("second", &database), setup("third", &by_proxy));
    let doors = [first.start(), second.start(), third.start()];

    let push = |number: usize, to: &Setup| {
        let path = format!("x/bad-{number}-1.0.{number}.txt");
        let id = stand.push("raw-internal", &path, path.as_bytes());
        let deliver = || to.deliver(&component(&id, &path), &number.to_string());
        // A disk that is busy with other tests may be late once.
        assert!(until("a hook to be kept", PATIENCE, deliver), "{}", to.log());
    };
    for number in 0..150 {
        push(number, [&first, &second, &third][number % 3]);
    }
    assert!(until("the first pushes", PATIENCE, || stand.count("raw-quarantine") == 150));
    let calls = |by: &str, what: &str| {
        let calls = &stand.state().calls;
        calls.iter().filter(|it| it.starts_with(what) && it.contains(&format!("/{by}/"))).count()
    };
    for name in ["first", "second", "third"] {
        assert!(calls(name, "DELETE") > 0, "`{name}` did nothing");
    }

    // Each replica holds some, and can't go on; then one dies, and one loses the database.
    stand.state().held = true;
    for number in 150..180 {
        push(number, &first);
    }
    let fetched = |number| format!("GET /third/nexus/repository/raw-internal/x/bad-{number}-");
    let at_work = || {
        let calls = &stand.state().calls;
        (150..180).any(|number| calls.iter().any(|it| it.starts_with(&fetched(number))))
    };
    assert!(until("work for the third", PATIENCE, at_work));
    let [_first, second_door, _third] = doors;
    second_door.kill();
    proxy.cut(true);
    let lost = || third.log().contains("is left to others");
    assert!(until("the end of a lease", PATIENCE, lost), "{}", third.log());
    let deleted = calls("third", "DELETE");
    stand.state().held = false;
    let all = || stand.count("raw-quarantine") == 180 && stand.state().issues.len() == 180;
    assert!(until("the rest", PATIENCE, all), "{}", first.log());
    assert_eq!(calls("third", "DELETE"), deleted, "deleted without a lease");

    // What it finds when it is back is done already.
    proxy.cut(false);
    push(180, &third);
    let all = || stand.count("raw-quarantine") == 181 && stand.state().issues.len() == 181;
    assert!(until("the last push", PATIENCE, all), "{}", third.log());
    assert_eq!(stand.count("raw-internal"), 0);
}
