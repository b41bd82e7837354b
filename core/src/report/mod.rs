//! Reports about inventory, plan and package: plain data without secrets, the same for the page and for `--format
//! json`.

mod certificate;
mod inventory;
mod model;
mod plan;

pub(crate) use self::inventory::certificate_report;
pub use self::{
    certificate::{CertificateDetails, ExtensionReport},
    model::{
        AuthorityReport, CertificateReport, CheckReport, ClusterReport, EditReport, FilePreview, HolderReport,
        InventoryReport, KeyReport, KeyRequestReport, LineChange, MissingReport, OutputFileReport, PackageReport,
        PlanReport, PreviewLine, ReplacedReport, RotationReport, SlotReport, StandingReport, StepCommands, StepReport,
        SuccessorReport, UnrecognisedReport,
    },
};
