package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"
)

// maxReason is how much of one reason is shown, in characters.
const maxReason = 120

// clause is a part of a condition that is told as one reason, or several of them joined by and or or, or the
// contrary of one.
type clause struct {
	id       int64  // of the part in the syntax tree
	joined   string // "and", "or", "not"; empty: a single one
	parts    []clause
	text     string             // as CEL writes it
	what     func(Facts) string // the value that is compared, in words; nil: only the text says it
	operator string
	with     string // what it is compared with: "10"
}

// outcome is what a condition was judged by, and what each part of it gave that had to be looked at.
type outcome struct {
	Facts
	state interpreter.EvalState
}

func (o outcome) gave(c clause, yes bool) bool {
	v, ok := o.state.Value(c.id)
	return ok && v == types.Bool(yes)
}

// clauseOf takes a condition apart.
func clauseOf(part ast.Expr, info *ast.SourceInfo) clause {
	c := clause{id: part.ID(), text: written(part, info)}
	if part.Kind() != ast.CallKind {
		return c
	}
	call := part.AsCall()
	if c.joined = junction(call.FunctionName()); c.joined != "" {
		for _, argument := range call.Args() {
			c.parts = append(c.parts, clauseOf(argument, info))
		}
		return c
	}
	if operator, left, right := comparison(call); operator != "" && literal(right) {
		c.what, c.operator, c.with = measure(left), operator, written(right, info)
	}
	return c
}

func junction(function string) string {
	switch function {
	case operators.LogicalAnd:
		return "and"
	case operators.LogicalOr:
		return "or"
	case operators.LogicalNot:
		return "not"
	}
	return ""
}

// comparison takes apart what compares one thing with another; the operator is empty for anything else.
func comparison(call ast.CallExpr) (operator string, left, right ast.Expr) {
	switch name := call.FunctionName(); name {
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals, operators.In:
		operator, _ = operators.FindReverse(name)
		return operator, call.Args()[0], call.Args()[1]
	case overloads.Matches, overloads.Contains, overloads.StartsWith, overloads.EndsWith:
		if call.IsMemberFunction() {
			return name, call.Target(), call.Args()[0]
		}
	}
	return "", nil, nil
}

// literal reports whether a part stands for itself.
func literal(part ast.Expr) bool {
	switch part.Kind() {
	case ast.LiteralKind:
		return true
	case ast.ListKind:
		return !slices.ContainsFunc(part.AsList().Elements(), func(e ast.Expr) bool { return !literal(e) })
	}
	return false
}

// reason tells why the condition holds, or why not.
func (c clause) reason(o outcome, holds bool) string {
	switch {
	case c.joined == "":
		return c.tell(o.Facts, holds)
	case c.joined == "not":
		return c.parts[0].reason(o, !holds)
	case (c.joined == "and") == holds: // every part had its say: all hold, or none does
		all := make([]string, len(c.parts))
		for i, part := range c.parts {
			all[i] = part.reason(o, holds)
		}
		return strings.Join(all, comma(holds))
	}
	for _, part := range c.parts {
		if o.gave(part, holds) {
			return part.reason(o, holds)
		}
	}
	return short(c.text)
}

// comma joins reasons; those against have commas of their own.
func comma(holds bool) string {
	if holds {
		return ", "
	}
	return "; "
}

// tell is one reason: what there is, and what it was compared with.
func (c clause) tell(f Facts, holds bool) string {
	if words, ok := facts()[c.text]; ok {
		if holds {
			return words.yes
		}
		return words.no
	}
	if c.what == nil && holds {
		return short(c.text)
	}
	if c.what == nil {
		return short("not so: " + c.text)
	}
	switch is := c.what(f); {
	case c.operator == "==" && holds, c.operator == "!=" && !holds:
		return short(is)
	case c.operator == "==", c.operator == "!=":
		return short(is + ", not " + c.with)
	case holds:
		return short(is + " " + c.operator + " " + c.with)
	default:
		return short(is + ", not " + c.operator + " " + c.with)
	}
}

// words are what a fact is called when it is so, and when it is not.
type words struct{ yes, no string }

// facts are those that are yes or no by themselves.
func facts() map[string]words {
	return map[string]words{
		"data_lost":    {"data is lost", "no data is lost"},
		"irreversible": {"it cannot be taken back", "it can be taken back"},
		"undo":         {"it takes something back", "it takes nothing back"},
		"break_glass":  {"the glass is broken", "the glass is whole"},
	}
}

// measure says in words what a condition looks at; nil for what only its text can say.
func measure(part ast.Expr) func(Facts) string {
	switch part.Kind() {
	case ast.IdentKind:
		return measures()[part.AsIdent()]
	case ast.SelectKind:
		return measureText(part.AsSelect().Operand(), part.AsSelect().FieldName())
	case ast.CallKind:
		return measureCall(part.AsCall())
	}
	return nil
}

// measureCall knows size(alarms), alarms.size() and tags["tier"].
func measureCall(call ast.CallExpr) func(Facts) string {
	operands := call.Args()
	if call.IsMemberFunction() {
		operands = append([]ast.Expr{call.Target()}, operands...)
	}
	switch call.FunctionName() {
	case overloads.Size:
		if of := operands[0]; of.Kind() == ast.IdentKind && of.AsIdent() == "alarms" {
			return func(f Facts) string { return openAlarms(f.Blast.Alarms) }
		}
	case operators.Index:
		if name, ok := literalText(operands[1]); ok {
			return measureText(operands[0], name)
		}
	}
	return nil
}

// measureText is a tag or an argument.
func measureText(of ast.Expr, name string) func(Facts) string {
	if of.Kind() != ast.IdentKind {
		return nil
	}
	switch of.AsIdent() {
	case "tags":
		return func(f Facts) string { return fmt.Sprintf("tag %s %q", name, f.Tags[name]) }
	case "args":
		return func(f Facts) string { return fmt.Sprintf("%s %q", name, f.Args[name]) }
	}
	return nil
}

func measures() map[string]func(Facts) string {
	return map[string]func(Facts) string{
		"instances":     func(f Facts) string { return counted(f.Blast.Instances, "instance") },
		"percent":       func(f Facts) string { return fmt.Sprintf("%d %% touched", f.Blast.Percent) },
		"capacity_down": func(f Facts) string { return fmt.Sprintf("%d %% less capacity", f.Blast.CapacityDown) },
		"kind":          func(f Facts) string { return "kind " + named(f.Kind) },
		"environment":   func(f Facts) string { return "environment " + named(f.Environment) },
		"target":        func(f Facts) string { return "target " + named(f.Target) },
		"user":          func(f Facts) string { return "user " + named(f.User) },
	}
}

func openAlarms(alarms []string) string {
	said := counted(len(alarms), "open alarm")
	if len(alarms) == 0 {
		return said
	}
	return said + " (" + strings.Join(alarms[:min(len(alarms), 3)], ", ") + ")"
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// short puts a reason on one line, and cuts it where it becomes too long to be read.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= maxReason {
		return s
	}
	return string([]rune(s)[:maxReason-1]) + "…"
}
