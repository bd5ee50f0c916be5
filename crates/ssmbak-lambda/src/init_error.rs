//! Tells Lambda why the function cannot start.

use std::time::Duration;

use lambda_runtime::Diagnostic;
use lambda_runtime_api_client::{Client, build_request};

const PATH: &str = "/2018-06-01/runtime/init/error";
const TIMEOUT: Duration = Duration::from_secs(2);

/// Reports an initialisation error, so that Lambda names it instead of "the runtime exited". Best effort: it is in the
/// log already, and without a Runtime API there is nobody to tell.
pub async fn report(code: &str, message: &str) {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return;
    }
    let diagnostic = Diagnostic { error_type: code.to_owned(), error_message: message.to_owned() };
    let Ok(body) = serde_json::to_vec(&diagnostic) else { return };
    let request = build_request()
        .method("POST")
        .uri(PATH)
        .header("Lambda-Runtime-Function-Error-Type", format!("Runtime.{code}"))
        .body(body.into());
    let (Ok(client), Ok(request)) = (Client::builder().build(), request) else { return };
    let told = tokio::time::timeout(TIMEOUT, client.call(request)).await;
    if !matches!(told, Ok(Ok(_))) {
        tracing::debug!("the Runtime API could not be told");
    }
}
