//! Going through the picture by keys and pointer.

use super::*;
use crate::state::chart::tests::sample;

const KUBELETS: Line = Line { group: 0, edge: None };
const PODS: Line = Line { group: 1, edge: None };
const REFUSED: Line = Line { group: 2, edge: None };

/// Where one is after these keys, in a picture of nine moments.
fn after(keys: &[Way]) -> (Line, Option<usize>) {
    let chart = sample(9);
    let mut picture = Picture::default();
    for key in keys {
        assert!(picture.change(&chart, PictureChange::Step(*key)), "the focus follows");
    }
    place(&picture.focus(&chart)).unwrap()
}

#[test]
fn keys_go_from_cell_to_cell_and_stop_at_the_edges() {
    use Way::{Bottom, Down, First, Last, Left, PageDown, PageUp, Right, Top, Up};
    assert_eq!(after(&[Right, Right, Down]), (PODS, Some(2)));
    assert_eq!(after(&[Up]), (KUBELETS, Some(0)));
    assert_eq!(after(&[Last]), (KUBELETS, Some(8)));
    assert_eq!(after(&[Last, Right]), (KUBELETS, Some(8)));
    assert_eq!(after(&[Last, Left]), (KUBELETS, Some(7)));
    assert_eq!(after(&[Last, First]), (KUBELETS, Some(0)));
    assert_eq!(after(&[Bottom]), (REFUSED, Some(8)));
    assert_eq!(after(&[Bottom, Top]), (KUBELETS, Some(0)));
    assert_eq!(after(&[PageDown]), (REFUSED, Some(0)));
    assert_eq!(after(&[PageDown, PageUp]), (KUBELETS, Some(0)));
    assert_eq!(after(&[Left]), (KUBELETS, None), "left of the first cell is the line's name");
    assert_eq!(after(&[Left, Left]), (KUBELETS, None));
    assert_eq!(after(&[Left, Down]), (PODS, None));
    assert_eq!(after(&[Left, Right]), (KUBELETS, Some(0)));
}

#[test]
fn keys_jump_from_run_to_run_where_there_are_many() {
    let chart = sample(600);
    let mut picture = Picture::default();
    let mut go = |way| {
        picture.change(&chart, PictureChange::Step(way));
        (picture.line, picture.column, place(&picture.focus(&chart)).unwrap().1)
    };
    assert_eq!(go(Way::Right), (KUBELETS, 2, Some(2)));
    assert_eq!(go(Way::Right), (KUBELETS, 4, Some(4)));
    assert_eq!(go(Way::Down), (PODS, 4, Some(0)), "the moment stays, in the run that it is in");
    assert_eq!(go(Way::Up), (KUBELETS, 4, Some(4)));
    assert_eq!(go(Way::Last), (KUBELETS, 5, Some(5)));
}

#[test]
fn a_row_that_is_opened_shows_its_edges() {
    let chart = sample(9);
    let mut picture = Picture::default();
    picture.change(&chart, PictureChange::Toggle(0));
    let edges: Vec<_> = picture.lines(&chart).iter().map(|line| (line.group, line.edge)).collect();
    assert_eq!(edges, [(0, None), (0, Some(0)), (0, Some(1)), (0, Some(2)), (1, None), (2, None)]);
    picture.change(&chart, PictureChange::Step(Way::Down));
    assert_eq!(picture.line.edge, Some(0));
    picture.change(&chart, PictureChange::Toggle(0));
    assert_eq!((picture.line, picture.lines(&chart).len()), (KUBELETS, 3), "nobody is left in a line that is gone");
}

#[test]
fn the_pointer_explains_and_leaves_nothing_behind() {
    let chart = sample(9);
    let mut picture = Picture::default();
    picture.change(&chart, PictureChange::Enter(PODS, Some(3)));
    assert_eq!(picture.explained(), (PODS, 3));
    picture.change(&chart, PictureChange::Point(Some((REFUSED, 8))));
    assert_eq!((picture.explained(), picture.column), ((REFUSED, 8), 3), "the drawing stays where it is");
    picture.change(&chart, PictureChange::Point(None));
    assert_eq!(picture.explained(), (PODS, 3));
}

#[test]
fn a_moment_beyond_the_last_is_the_last() {
    let chart = sample(9);
    let mut picture = Picture::default();
    picture.change(&chart, PictureChange::Choose(99));
    assert_eq!(picture.column, 8);
}

#[test]
fn one_looks_first_at_what_breaks() {
    assert_eq!(Picture::of(&sample(9)), Picture { line: KUBELETS, column: 5, ..Picture::default() });
}

#[test]
fn ids_lead_back_to_their_cells() {
    for cell in [
        (KUBELETS, None),
        (PODS, Some(3)),
        (Line { group: 0, edge: Some(12) }, Some(34)),
        (Line { group: 2, edge: Some(0) }, None),
    ] {
        assert_eq!(place(&id(cell.0, cell.1)), Some(cell));
    }
    for other in ["", "edge-", "edge-x:1", "edge-1:", "edge-1-:2", "review"] {
        assert_eq!(place(other), None, "{other}");
    }
}
