//! Cards, headings, and sections that open. Closed sections have no content in the document.

use yew::prelude::*;

use super::icon::chevron;
use crate::ports::dom;

/// Properties of [`Head`].
#[derive(Properties, PartialEq)]
pub struct HeadProps {
    /// Id of the heading, which gets the focus when the step is shown.
    pub id: AttrValue,
    /// The heading.
    pub title: AttrValue,
    /// One sentence about the step.
    pub children: Html,
    /// Content at the end of the line.
    #[prop_or_default]
    pub aside: Html,
}

/// A step's heading, and the sentence below.
#[component]
pub fn Head(props: &HeadProps) -> Html {
    html! {
        <div class="head">
            <div>
                <h1 id={&props.id} tabindex="-1">{ &props.title }</h1>
                <p>{ props.children.clone() }</p>
            </div>
            { props.aside.clone() }
        </div>
    }
}

/// Properties of [`Card`].
#[derive(Properties, PartialEq)]
pub struct CardProps {
    /// Id of the heading, and hook for tests.
    pub id: AttrValue,
    /// The heading.
    pub title: AttrValue,
    /// Content beside the heading.
    #[prop_or_default]
    pub aside: Html,
    /// A sentence under the heading.
    #[prop_or_default]
    pub lead: Html,
    /// Additional classes.
    #[prop_or_default]
    pub class: Classes,
    /// The content.
    pub children: Html,
}

/// A titled section.
#[component]
pub fn Card(props: &CardProps) -> Html {
    html! {
        <section class={classes!("card", props.class.clone())} data-test={&props.id} aria-labelledby={&props.id}>
            <header>
                <h2 id={&props.id} tabindex="-1">{ &props.title }</h2>
                { props.aside.clone() }
                if props.lead != Html::default() { <p>{ props.lead.clone() }</p> }
            </header>
            { props.children.clone() }
        </section>
    }
}

/// Properties of [`Fold`].
#[derive(Properties, PartialEq)]
pub struct FoldProps {
    /// The summary, which is always visible.
    pub summary: Html,
    /// Is it initially open?
    #[prop_or_default]
    pub open: bool,
    /// Creates the content when it opens: a cluster of a thousand nodes has too much content for one page.
    pub content: Callback<(), Html>,
    /// Hook for tests.
    pub test: AttrValue,
    /// Which of them, for tests.
    pub name: AttrValue,
    /// Classes.
    #[prop_or_default]
    pub class: Classes,
    /// Classes of the summary.
    #[prop_or_default]
    pub summary_class: Classes,
}

/// Is the page being printed? Then all sections are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Printing(pub bool);

/// The state of a `<details>` whose content is created when it opens.
pub struct Section {
    /// Whether the person has opened it.
    pub is_open: bool,
    /// Whether its content is shown: also while the page is printed.
    pub is_shown: bool,
    /// For `<details>`.
    pub ontoggle: Callback<Event>,
    /// For `<summary>`.
    pub onclick: Callback<MouseEvent>,
}

/// A section that is initially open or closed.
#[hook]
pub fn use_section(initially_open: bool) -> Section {
    let open = use_state_eq(|| initially_open);
    let Printing(printing) = use_context().unwrap_or_default();
    let ontoggle = {
        let open = open.clone();
        Callback::from(move |event: Event| {
            // Stops the event: enclosing sections handle it, too.
            event.stop_propagation();
            if !printing {
                open.set(dom::is_open(&event));
            }
        })
    };
    // Handles the click, as browsers queue the toggle event. A key pressed in between would move the focus past the
    // content, which would then push the focused element out of view.
    let onclick = {
        let open = open.clone();
        Callback::from(move |event: MouseEvent| {
            if !printing {
                event.prevent_default();
                open.set(!*open);
            }
        })
    };
    Section { is_open: *open, is_shown: *open || printing, ontoggle, onclick }
}

/// A section that can be opened.
#[component]
pub fn Fold(props: &FoldProps) -> Html {
    let Section { is_shown, ontoggle, onclick, .. } = use_section(props.open);
    html! {
        <details class={props.class.clone()} open={is_shown} {ontoggle} data-test={&props.test} data-name={&props.name}>
            <summary class={props.summary_class.clone()} {onclick}>{ props.summary.clone() }{ chevron() }</summary>
            if is_shown {
                { props.content.emit(()) }
            }
        </details>
    }
}

/// A card that can be opened.
pub fn folded_card(id: &'static str, title: &str, aside: Html, content: Callback<(), Html>) -> Html {
    let summary = html! { <><h2>{ title }</h2>{ aside }</> };
    html! { <Fold class="card" {summary} {content} test={id} name={id} /> }
}

/// Properties of [`Row`].
#[derive(Properties, PartialEq)]
pub struct RowProps {
    /// Cells before the name.
    #[prop_or_default]
    pub before: Html,
    /// The name, on the button that opens the row.
    pub head: Html,
    /// Text below the name.
    #[prop_or_default]
    pub under: Html,
    /// The other cells.
    pub cells: Html,
    /// The number of columns.
    pub columns: usize,
    /// Is it open? A change opens or closes it.
    #[prop_or_default]
    pub open: bool,
    /// The content below the row.
    pub content: Callback<(), Html>,
    /// Hook for tests.
    pub test: AttrValue,
    /// Which of them, for tests.
    pub name: AttrValue,
}

/// A table row that opens a second one below it.
#[component]
pub fn Row(props: &RowProps) -> Html {
    let open = use_state_eq(|| props.open);
    {
        let open = open.clone();
        use_effect_with(props.open, move |wanted| open.set(*wanted));
    }
    let Printing(printing) = use_context().unwrap_or_default();
    let shown = *open || printing;
    let toggle = {
        let open = open.clone();
        move |_: MouseEvent| open.set(!*open)
    };
    html! {
        <>
            <tr data-test={&props.test} data-name={&props.name}>
                { props.before.clone() }
                <th scope="row">
                    <button type="button" class="more" aria-expanded={shown.to_string()} onclick={toggle} data-test="expand">{ chevron() }<span>{ props.head.clone() }</span></button>
                    { props.under.clone() }
                </th>
                { props.cells.clone() }
            </tr>
            if shown {
                <tr class="detail open" data-test={format!("{}-detail", props.test)} data-name={&props.name}><td colspan={props.columns.to_string()}>{ props.content.emit(()) }</td></tr>
            }
        </>
    }
}
