//! What commands print.

use std::io::Write;

use serde_json::{Map, Value};

/// Rows under named columns.
pub struct Table {
    columns: &'static [&'static str],
    rows: Vec<Vec<Value>>,
    failed: bool,
}

impl Table {
    pub fn new(columns: &'static [&'static str]) -> Self {
        Table {
            columns,
            rows: Vec::new(),
            failed: false,
        }
    }

    pub fn row(&mut self, values: impl Into<Vec<Value>>) {
        self.rows.push(values.into());
    }

    /// What became of one thing: `null` stands for no error.
    pub fn outcome(&mut self, error: Option<String>) -> Value {
        self.failed |= error.is_some();
        error.map_or(Value::Null, Value::String)
    }

    pub fn failed(&self) -> bool {
        self.failed
    }

    /// A reader who stops reading is no error.
    pub fn print(&self, json: bool) {
        let text = if json { self.json() } else { self.text() };
        let _ = std::io::stdout().write_all(text.as_bytes());
    }

    fn json(&self) -> String {
        let object = |row: &Vec<Value>| {
            let fields = self.columns.iter().zip(row);
            let fields = fields.map(|(name, value)| ((*name).to_owned(), value.clone()));
            Value::Object(fields.collect::<Map<_, _>>())
        };
        let all: Vec<Value> = self.rows.iter().map(object).collect();
        format!("{:#}\n", Value::Array(all))
    }

    fn text(&self) -> String {
        let mut lines: Vec<Vec<String>> =
            vec![self.columns.iter().map(|c| c.to_uppercase()).collect()];
        lines.extend(self.rows.iter().map(|row| row.iter().map(cell).collect()));
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut text = String::new();
        for line in &lines {
            let cells = line.iter().zip(&widths);
            let padded: Vec<String> = cells.map(|(cell, w)| format!("{cell:<w$}")).collect();
            text.push_str(padded.join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(cell).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
