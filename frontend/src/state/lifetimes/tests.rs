//! Bars, years and the first expiry.

use super::*;
use crate::{
    state::pki::{pki, tests::sample},
    words,
};

fn of(today: i64) -> Lifetimes {
    let found = sample();
    lifetimes(&found, &pki(&found), None, UnixTime(today)).unwrap()
}

#[test]
fn what_an_authority_signed_is_one_bar_until_the_first_of_it_ends() {
    let lives: Vec<_> = of(100).lives.into_iter().map(|life| (life.kind, life.until.0, life.last.0)).collect();
    assert_eq!(
        lives,
        [
            (Kind::Old, 900_000_000, 900_000_000),
            (Kind::Leaves, 200_000_000, 300_000_000),
            (Kind::Leaves, 800_000_000, 800_000_000)
        ]
    );
}

#[test]
fn the_first_expiry_is_named_with_its_days() {
    let all = of(200_000_000 - 3 * 86_400);
    let (certificate, until) = all.first.clone().unwrap();
    assert_eq!((words::expiring(&certificate).as_str(), until.0), ("/pki/apiserver.crt on cp1, cp2", 200_000_000));
    assert!(words::first_expiry(&all).ends_with("in 3 days."), "{}", words::first_expiry(&all));
    assert!(words::first_expiry(&of(200_000_001)).ends_with("already expired."));
}

#[test]
fn today_is_always_on_the_picture() {
    let late = of(1_000_000_000);
    assert_eq!((late.x(late.today, 780), late.x(UnixTime(0), 780)), (780, 0));
}

#[test]
fn years_begin_when_they_begin() {
    for (year_of, seconds) in
        [(1970, 0), (2000, 946_684_800), (2001, 978_307_200), (2026, 1_767_225_600), (2100, 4_102_444_800)]
    {
        assert_eq!(new_year(year_of), UnixTime(seconds));
        assert_eq!((year(UnixTime(seconds)), year(UnixTime(seconds - 1))), (year_of, year_of - 1));
    }
    let years: Vec<_> = of(100).years().into_iter().map(|(year, _)| year).collect();
    assert_eq!(years, [1975, 1980, 1985, 1990, 1995]);
}

#[test]
fn there_is_nothing_to_draw_of_nothing() {
    assert_eq!(lifetimes(&InventoryReport::default(), &Pki::default(), None, UnixTime(0)), None);
}
