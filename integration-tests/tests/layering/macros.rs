//! What stands between a macro's brackets, which the parser leaves alone.

use syn::punctuated::Punctuated;
use syn::visit::Visit;
use syn::{Block, Expr, Macro, Token};

/// Visits what a macro is called with, where it reads as expressions or as statements. Otherwise gives its words back:
/// identifiers, and paths without spaces.
pub(crate) fn visit_inside<V>(call: &Macro, visitor: &mut V) -> Vec<String>
where
    V: for<'ast> Visit<'ast>,
{
    if let Ok(expressions) = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
        expressions.iter().for_each(|expression| visitor.visit_expr(expression));
        return vec![];
    }
    if let Ok(statements) = call.parse_body_with(Block::parse_within) {
        statements.iter().for_each(|statement| visitor.visit_stmt(statement));
        return vec![];
    }
    words(&call.tokens.to_string())
}

fn words(tokens: &str) -> Vec<String> {
    let mut text = tokens.to_owned();
    for spaced in [" ::", ":: "] {
        text = text.replace(spaced, "::");
    }
    text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
        .filter(|word| !word.is_empty())
        .map(|word| word.trim_start_matches(':').to_owned())
        .collect()
}

#[test]
fn words_are_found_whatever_the_spaces() {
    assert_eq!(words("x => std :: sync :: Mutex; unsafe { }"), ["x", "std::sync::Mutex", "unsafe"]);
}
