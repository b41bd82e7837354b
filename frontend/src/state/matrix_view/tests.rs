//! Moving in the matrix with keys and pointer.

use super::*;
use crate::state::chart::tests::sample;

const KUBELETS: Line = Line { group: 0, edge: None };
const PODS: Line = Line { group: 1, edge: None };
const REFUSED: Line = Line { group: 2, edge: None };

/// The focus after these keys, in a matrix of nine steps.
fn after(keys: &[Motion]) -> (Line, Option<usize>) {
    let chart = sample(9);
    let mut matrix_view = MatrixView::default();
    for key in keys {
        assert!(matrix_view.change(&chart, MatrixViewChange::Step(*key)), "the focus follows");
    }
    place(&matrix_view.focus(&chart)).unwrap()
}

#[test]
fn keys_go_from_cell_to_cell_and_stop_at_the_edges() {
    use Motion::{Bottom, Down, First, Last, Left, PageDown, PageUp, Right, Top, Up};
    assert_eq!(after(&[Down, Down, Right]), (PODS, Some(2)));
    assert_eq!(after(&[Left]), (KUBELETS, Some(0)));
    assert_eq!(after(&[Last]), (REFUSED, Some(0)));
    assert_eq!(after(&[Last, Right]), (REFUSED, Some(0)));
    assert_eq!(after(&[Last, Left]), (PODS, Some(0)));
    assert_eq!(after(&[Last, First]), (KUBELETS, Some(0)));
    assert_eq!(after(&[Bottom]), (REFUSED, Some(8)));
    assert_eq!(after(&[Bottom, Down]), (REFUSED, Some(8)));
    assert_eq!(after(&[Bottom, Top]), (KUBELETS, Some(0)));
    assert_eq!(after(&[PageDown]), (KUBELETS, Some(5)));
    assert_eq!(after(&[PageDown, PageUp]), (KUBELETS, Some(0)));
    assert_eq!(after(&[Up]), (KUBELETS, None), "above the first cell is the column's heading");
    assert_eq!(after(&[Up, Up]), (KUBELETS, None));
    assert_eq!(after(&[Up, Right]), (PODS, None));
    assert_eq!(after(&[Up, Down]), (KUBELETS, Some(0)));
}

#[test]
fn keys_jump_from_row_to_row_where_there_are_many() {
    let chart = sample(600);
    let mut matrix_view = MatrixView::default();
    let mut go = |motion| {
        matrix_view.change(&chart, MatrixViewChange::Step(motion));
        (matrix_view.line, matrix_view.column, place(&matrix_view.focus(&chart)).unwrap().1)
    };
    let starts: Vec<usize> = chart.rows().iter().map(|row| row.from).collect();
    assert_eq!(go(Motion::Down), (KUBELETS, starts[1], Some(starts[1])));
    assert_eq!(go(Motion::Down), (KUBELETS, starts[2], Some(starts[2])));
    assert_eq!(go(Motion::Right), (PODS, starts[2], Some(starts[2])), "the step stays");
    assert_eq!(go(Motion::Bottom), (REFUSED, *starts.last().unwrap(), starts.last().copied()));
    // A selected step within a row stays selected when the row gets the focus.
    matrix_view.change(&chart, MatrixViewChange::Choose(599));
    let last = chart.rows().pop().unwrap();
    matrix_view.change(&chart, MatrixViewChange::Enter(PODS, Some(last.from)));
    assert_eq!(matrix_view.column, 599);
}

#[test]
fn a_row_that_is_opened_shows_its_edges() {
    let chart = sample(9);
    let mut matrix_view = MatrixView::default();
    matrix_view.change(&chart, MatrixViewChange::Toggle(0));
    let edges: Vec<_> = matrix_view.lines(&chart).iter().map(|line| (line.group, line.edge)).collect();
    assert_eq!(edges, [(0, None), (0, Some(0)), (0, Some(1)), (0, Some(2)), (1, None), (2, None)]);
    matrix_view.change(&chart, MatrixViewChange::Step(Motion::Right));
    assert_eq!(matrix_view.line.edge, Some(0));
    matrix_view.change(&chart, MatrixViewChange::Toggle(0));
    assert_eq!(
        (matrix_view.line, matrix_view.lines(&chart).len()),
        (KUBELETS, 3),
        "nobody is left in a line that is gone"
    );
}

#[test]
fn the_pointer_explains_and_leaves_nothing_behind() {
    let chart = sample(9);
    let mut matrix_view = MatrixView::default();
    matrix_view.change(&chart, MatrixViewChange::Enter(PODS, Some(3)));
    assert_eq!(matrix_view.explained(), (PODS, 3));
    matrix_view.change(&chart, MatrixViewChange::Point(Some((REFUSED, 8))));
    assert_eq!((matrix_view.explained(), matrix_view.column), ((REFUSED, 8), 3), "the drawing stays where it is");
    matrix_view.change(&chart, MatrixViewChange::Point(None));
    assert_eq!(matrix_view.explained(), (PODS, 3));
}

#[test]
fn a_moment_beyond_the_last_is_the_last() {
    let chart = sample(9);
    let mut matrix_view = MatrixView::default();
    matrix_view.change(&chart, MatrixViewChange::Choose(99));
    assert_eq!(matrix_view.column, 8);
}

#[test]
fn one_looks_first_at_what_breaks() {
    assert_eq!(MatrixView::of(&sample(9)), MatrixView { line: KUBELETS, column: 5, ..MatrixView::default() });
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
