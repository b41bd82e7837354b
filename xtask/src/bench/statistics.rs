//! Statistics over the measurements of a row.

use serde_json::{Value, json};

/// Measurements of one quantity, in the order in which they were taken.
#[derive(Clone, Debug, Default)]
pub struct Series(pub Vec<f64>);

impl Series {
    /// The median.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The quantile for a fraction between 0 and 1, with linear interpolation. NaN if there are no measurements.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
        let place = share * last as f64;
        let (below, above) = (place.floor() as usize, place.ceil() as usize);
        sorted[below] + (sorted[above] - sorted[below]) * place.fract()
    }

    /// Median, quartiles, extremes and all measurements, as JSON.
    pub fn json(&self) -> Value {
        json!({
            "median": rounded(self.median()),
            "quartiles": [rounded(self.quantile(0.25)), rounded(self.quantile(0.75))],
            "extremes": [rounded(self.quantile(0.0)), rounded(self.quantile(1.0))],
            "samples": self.0.iter().map(|&sample| rounded(sample)).collect::<Vec<_>>(),
        })
    }
}

/// Rounds to four decimal places; more digits are noise.
pub fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
