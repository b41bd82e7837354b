//! What a row of measurements says.

use serde_json::{Value, json};

/// Measurements of one thing, in the order in which they were taken.
#[derive(Clone, Debug, Default)]
pub struct Series(pub Vec<f64>);

impl Series {
    /// The middle one.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The value below which this share of the measurements lies, between two of them in proportion.
    /// Not a number if there are none.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
        let place = share * last as f64;
        let (below, above) = (place.floor() as usize, place.ceil() as usize);
        sorted[below] + (sorted[above] - sorted[below]) * place.fract()
    }

    /// Median, quartiles, extremes and every measurement.
    pub fn json(&self) -> Value {
        json!({
            "median": rounded(self.median()),
            "quartiles": [rounded(self.quantile(0.25)), rounded(self.quantile(0.75))],
            "extremes": [rounded(self.quantile(0.0)), rounded(self.quantile(1.0))],
            "samples": self.0.iter().map(|&sample| rounded(sample)).collect::<Vec<_>>(),
        })
    }
}

/// To a tenth of a thousandth: more is noise.
pub fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
