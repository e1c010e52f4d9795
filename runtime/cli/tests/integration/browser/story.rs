//! From the first account to the last message: the same on one server with SQLite, and on two with PostgreSQL and Redis.
//!
//! Root is the superuser, and Ada visits the first server; Bob visits the last, through a network that may fail.

mod accounts;
mod changes;
mod failures;
mod history;
mod refusals;
mod talk;

use laureola_testkit::ChromeDriver;

use super::deployment::Deployment;
use super::network::Network;
use super::window::Window;

/// The room's page.
const ROOM: &str = "/rooms/tea-biscuits/";
const ROOM_NAME: &str = "Tea & biscuits";
/// What a browser's console says of connections that were cut or refused.
const CUT: &[&str] = &["WebSocket connection to", "Failed to load resource"];

struct Story<'a> {
    site: Deployment,
    network: Network,
    root: Window<'a>,
    ada: Window<'a>,
    bob: Window<'a>,
}

impl<'a> Story<'a> {
    async fn begin(site: Deployment, driver: &'a ChromeDriver) -> Self {
        let network = Network::to(site.last()).await;
        let (root, ada, bob) = tokio::join!(
            Window::open(driver, site.first()),
            Window::open(driver, site.first()),
            Window::open(driver, network.port),
        );
        Self {
            site,
            network,
            root,
            ada,
            bob,
        }
    }

    fn people(&self) -> [&Window<'a>; 3] {
        [&self.root, &self.ada, &self.bob]
    }

    /// Waits until the room's log is the same for both.
    async fn both_hear(&self, expected: &[(&str, &str)]) {
        self.ada.hears(expected).await;
        self.bob.hears(expected).await;
    }

    async fn tell(mut self) {
        self.accounts_and_a_room().await;
        self.two_people_talk().await;
        self.a_network_fails().await;
        for person in self.people() {
            person.has_quiet_console(CUT);
        }
        self.the_server_starts_again().await;
        self.the_past_comes_in_pages().await;
        self.strangers_and_forgers_are_refused().await;
        self.staff_change_the_room().await;
        self.people_leave().await;
        for person in [self.root, self.ada, self.bob] {
            person.has_quiet_console(CUT);
            person.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_story_on_one_server_with_sqlite() {
    let driver = ChromeDriver::start();
    let site = Deployment::small().await;
    Story::begin(site, &driver).await.tell().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_story_on_two_servers_with_postgresql_and_redis() {
    let driver = ChromeDriver::start();
    let site = Deployment::large().await;
    Story::begin(site, &driver).await.tell().await;
}
