//! A part of the page under its heading, and a fold that makes its content only when it is opened.

use yew::prelude::*;

use crate::ports::dom;

/// Properties of [`Part`].
#[derive(Properties, PartialEq)]
pub struct PartProps {
    /// Id of the heading, which can be given the focus, and hook for tests.
    pub id: AttrValue,
    /// The heading.
    pub title: AttrValue,
    /// What is under it.
    pub children: Html,
}

/// A section under its heading.
#[component]
pub fn Part(props: &PartProps) -> Html {
    html! {
        <section data-test={&props.id} aria-labelledby={&props.id}>
            <h2 id={&props.id} tabindex="-1">{ &props.title }</h2>
            { props.children.clone() }
        </section>
    }
}

/// Properties of [`Fold`].
#[derive(Properties, PartialEq)]
pub struct FoldProps {
    /// What is always there.
    pub summary: Html,
    /// Is it open at first?
    #[prop_or_default]
    pub open: bool,
    /// Makes the content, when it is open. A cluster of a thousand nodes has more than a page can hold.
    pub content: Callback<(), Html>,
    /// Hook for tests.
    pub test: AttrValue,
    /// Which of them, for tests.
    pub name: AttrValue,
}

/// Is the page being printed? Then what is closed is open: nobody can open paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Printing(pub bool);

/// Something that can be opened.
#[component]
pub fn Fold(props: &FoldProps) -> Html {
    let open = use_state_eq(|| props.open);
    let Printing(printing) = use_context().unwrap_or_default();
    let ontoggle = {
        let open = open.clone();
        move |event: Event| {
            if !printing {
                open.set(dom::is_open(&event));
            }
        }
    };
    html! {
        <details open={*open || printing} {ontoggle} data-test={&props.test} data-name={&props.name}>
            <summary>{ props.summary.clone() }</summary>
            if *open || printing {
                { props.content.emit(()) }
            }
        </details>
    }
}
