//! Checks timelines: their data, and the page in a browser.
#![cfg(feature = "net")]

mod browser;
mod scene;

use std::time::Duration;

use anyrt_core::time::sleep;
use anyrt_sim::{Config, EventKind, PacketFate, Sim, Simulation, Timeline};

use self::browser::Browser;
use self::scene::{HARMFUL, MS, stale_read};

fn failed() -> Timeline {
    let outcome = Config::new(7).keep_events(true).run(stale_read());
    let failure = outcome.result.as_ref().expect_err("the value is old");
    assert!(failure.to_string().contains("an old value"), "{failure}");
    let command = "ANYRT_SIM_SEED=7 cargo test stale_read";
    let timeline = outcome.timeline();
    timeline.with_title("stale_read").with_command(command)
}

/// Returns the number of elements with this beginning.
fn count(elements: &str, beginning: &str) -> usize {
    elements.matches(beginning).count()
}

/// Returns the value of an attribute of the body.
fn body<'a>(elements: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = elements.split_once("<body")?;
    let (attributes, _) = rest.split_once('>')?;
    let (_, rest) = attributes.split_once(&format!("data-{name}=\""))?;
    Some(rest.split_once('"')?.0)
}

/// Checks that the scripts of a page have run to their end.
fn assert_sound(elements: &str) {
    assert_eq!(body(elements, "errors"), None, "{:.3000}", elements);
    assert_eq!(body(elements, "ready"), Some("true"));
    assert_eq!(body(elements, "harmed"), None);
}

#[test]
fn events_have_what_the_page_shows() {
    let outcome = Config::new(7).keep_events(true).run(stale_read());
    let events: Vec<_> = outcome.events.iter().collect();
    let of_kind = |kind| events.iter().filter(move |event| event.kind == kind);
    let names: Vec<_> = of_kind(EventKind::Start)
        .map(|event| event.text())
        .collect();
    assert_eq!(names, ["left", "right", "client"].map(Some));
    assert!(
        of_kind(EventKind::Spawn).any(|event| event.text() == Some("request") && event.host > 0)
    );
    assert!(of_kind(EventKind::Crash).all(|event| event.host == 1));
    let kinds = [
        EventKind::Partition,
        EventKind::RuleEnd,
        EventKind::Pause,
        EventKind::Resume,
    ];
    for kind in kinds {
        assert_eq!(of_kind(kind).count(), 1, "{kind:?}");
    }
    for event in of_kind(EventKind::Send).filter(|event| event.packet().is_some()) {
        let packet = event.packet().expect("it was filtered");
        assert!(event.arrival() > Some(event.at), "{event}");
        assert!(packet.ports.contains(&80), "{event}");
        assert_ne!(packet.to, event.host, "{event}");
    }
    let lost: Vec<_> = of_kind(EventKind::Fault)
        .filter_map(|event| event.packet())
        .collect();
    assert!(!lost.is_empty());
    assert!(lost.iter().all(|packet| packet.fate == PacketFate::Dropped));

    // Nothing of that changes the course.
    let bare = Config::new(7).run(stale_read());
    assert_eq!(bare.hash, outcome.hash);
    assert!(bare.events.is_empty());
}

#[test]
fn a_page_is_one_file_in_which_texts_are_harmless() {
    let page = failed().to_html();
    assert!(!page.contains(HARMFUL));
    assert!(page.contains("\\u003c/script\\u003e\\u003cscript\\u003e"));
    for outside in ["src=", "href=", "@import", "url(", "https://"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let text = failed().to_string();
    for part in [
        "start of host 2, `right`",
        "partition 1 begins, of host 3 and host 2",
        "crash of host 1",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn a_failed_run_is_drawn() {
    let Some(browser) = Browser::find("failed") else {
        return;
    };
    let elements = browser.open(&failed().to_html(), "#row=0.01");
    assert_sound(&elements);
    for host in ["main", "left", "right", "client"] {
        assert!(
            elements.contains(&format!("<title>hide host {host}</title>")),
            "{host}"
        );
    }
    assert!(elements.contains("stale_read: seed 7 failed"));
    assert!(elements.contains("ANYRT_SIM_SEED=7 cargo test stale_read"));
    let (_, failure) = elements
        .split_once("id=\"failure-line\">")
        .expect("a failure");
    assert!(failure.contains("an old value was read"));
    assert!(count(&elements, "class=\"arrow ") >= 10, "{elements}");
    assert!(count(&elements, "class=\"arrow lost\"") >= 1);
    assert!(
        count(&elements, "class=\"mark hosts crash ") == 1,
        "{elements}"
    );
    assert!(count(&elements, "class=\"band\"") == 1);
    assert!(elements.contains("class=\"life down\""));
    assert!(elements.contains("class=\"life paused\""));
    assert!(
        elements.contains("&lt;/script&gt;&lt;script&gt;"),
        "the note is shown"
    );
}

#[test]
fn filters_and_clicks_work() {
    let Some(browser) = Browser::find("clicks") else {
        return;
    };
    let page = failed().to_html();
    let number =
        |elements: &str| body(elements, "shown").and_then(|shown| shown.parse::<u64>().ok());
    let all = number(&browser.open(&page, "")).expect("events are shown");

    // 1. By the address.
    let elements = browser.open(&page, "#filter=wrote&row=12");
    assert_sound(&elements);
    assert_eq!(number(&elements), Some(4), "{elements}");
    assert_eq!(count(&elements, "class=\"arrow "), 0);
    let steps = number(&browser.open(&page, "#on=polls")).expect("events are shown");
    assert!(steps > all, "{steps} and {all}");
    let without = number(&browser.open(&page, "#hide=client")).expect("events are shown");
    assert!(without < all, "{without} and {all}");
    let elements = browser.open(&page, "#event=1&row=12");
    assert_eq!(body(&elements, "selected"), Some("1"));
    assert!(elements.contains("class=\"selected\""), "{elements}");

    // 2. By the mouse and the keyboard.
    let script = include_str!("clicks.html");
    let elements = browser.open(&page.replacen("</head>", script, 1), "#row=0.01");
    assert_sound(&elements);
    assert_eq!(body(&elements, "clicked"), Some("crash"));
    assert!(body(&elements, "unpacked").and_then(|shown| shown.parse().ok()) < Some(all));
    assert_eq!(body(&elements, "typed"), Some("4"));
    let (_, detail) = elements.split_once("id=\"detail\"").expect("a panel");
    assert!(detail.contains("wrote 1 to left"), "{detail:.600}");
}

#[test]
fn a_page_of_fifty_thousand_events_opens() {
    let Some(browser) = Browser::find("large") else {
        return;
    };
    let outcome = Config::new(1).keep_events(true).run(async {
        let sim = Simulation::current().expect("this is a simulation");
        for host in 0..5 {
            sim.host(&format!("host-{host}")).start(|| async {
                for number in 0..5_000 {
                    sleep::<Sim>(MS).await;
                    Simulation::current()
                        .expect("this is a simulation")
                        .note(number);
                }
            });
        }
        sleep::<Sim>(Duration::from_secs(20)).await;
    });
    assert!(outcome.events.len() > 50_000, "{}", outcome.events.len());
    let page = outcome.timeline().to_html();
    for fragment in [
        "#on=polls,clock&row=0.01",
        "#on=polls,clock",
        "#on=polls,clock&scale=time",
    ] {
        let elements = browser.open(&page, fragment);
        assert_sound(&elements);
        let drawn = count(&elements, "<rect") + count(&elements, "<circle");
        assert!((20..8_000).contains(&drawn), "{fragment}: {drawn}");
    }
}
