//! CA data in objects with which API servers verify others: webhooks, extension API servers, converters.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{detect, model::copies::CaBundle};
use crate::formats::object::Object;

/// Every `caBundle` of an object that has one (kubernetes/api: admissionregistration/v1; kube-aggregator: apiregistration/v1;
/// apiextensions/v1).
pub(crate) fn ca_bundles(object: &Object) -> Vec<CaBundle> {
    let pointers: Vec<String> = match object.kind.as_str() {
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            let webhooks = object.value.get("webhooks").and_then(Value::as_array).map_or(0, Vec::len);
            (0..webhooks).map(|index| format!("/webhooks/{index}/clientConfig/caBundle")).collect()
        }
        "APIService" => vec!["/spec/caBundle".to_owned()],
        "CustomResourceDefinition" => vec!["/spec/conversion/webhook/clientConfig/caBundle".to_owned()],
        _ => Vec::new(),
    };
    let read = |pointer: String| {
        let text = object.value.pointer(&pointer)?.as_str()?;
        let certificates = detect::certificates(&STANDARD.decode(text).ok()?).0;
        (!certificates.is_empty()).then_some(CaBundle { pointer, certificates })
    };
    pointers.into_iter().filter_map(read).collect()
}
