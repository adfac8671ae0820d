package policy

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// maxReason is how much of one reason is shown, in characters.
const maxReason = 120

// clause is a part of a condition that is told as one reason, or several of them joined by and or or.
type clause struct {
	joined  string // "and", "or"; empty: a single one
	parts   []clause
	text    string // as it was written
	program *vm.Program
	what    func(view) string // the value that is compared, in words; nil: only the text says it
	rest    string            // what it is compared with: "> 10"
}

// clauseOf takes a condition apart. A part that does not compile by itself, such as one that uses a variable,
// is left in the whole.
func clauseOf(n ast.Node, whole *vm.Program) clause {
	if b, ok := n.(*ast.BinaryNode); ok {
		if joined := junction(b.Operator); joined != "" {
			left, lerr := program(b.Left.String())
			right, rerr := program(b.Right.String())
			if lerr == nil && rerr == nil {
				return clause{joined: joined, parts: []clause{clauseOf(b.Left, left), clauseOf(b.Right, right)}, program: whole}
			}
		}
	}
	c := clause{text: n.String(), program: whole}
	if b, ok := n.(*ast.BinaryNode); ok && compares(b.Operator) && literal(b.Right) {
		if c.what = measure(b.Left); c.what != nil {
			c.rest = b.Operator + " " + b.Right.String()
		}
	}
	return c
}

func junction(operator string) string {
	switch operator {
	case "&&", "and":
		return "and"
	case "||", "or":
		return "or"
	}
	return ""
}

func compares(operator string) bool {
	switch operator {
	case "==", "!=", "<", "<=", ">", ">=", "in", "matches", "contains", "startsWith", "endsWith":
		return true
	}
	return false
}

func literal(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.StringNode, *ast.BoolNode:
		return true
	case *ast.UnaryNode:
		return literal(n.Node)
	case *ast.ArrayNode:
		for _, e := range n.Nodes {
			if !literal(e) {
				return false
			}
		}
		return true
	}
	return false
}

// reason tells why the condition holds, or why not.
func (c clause) reason(v view, holds bool) string {
	switch {
	case c.joined == "":
		return c.tell(v, holds)
	case (c.joined == "and") == holds: // every part had its say: all hold, or none does
		return c.parts[0].reason(v, holds) + c.comma(holds) + c.parts[1].reason(v, holds)
	}
	for _, part := range c.parts {
		if yes, err := run(part.program, v); err == nil && yes == holds {
			return part.reason(v, holds)
		}
	}
	return c.text
}

// comma joins reasons for; reasons against are all needed.
func (c clause) comma(holds bool) string {
	if holds {
		return ", "
	}
	return " and "
}

// tell is one reason: what there is, and what it was compared with.
func (c clause) tell(v view, holds bool) string {
	switch {
	case c.what != nil && holds:
		return short(c.what(v) + " " + c.rest)
	case c.what != nil:
		return short(c.what(v) + ", not " + c.rest)
	case holds:
		return short(plain(c.text))
	}
	return short("not so: " + plain(c.text))
}

// plain is a lone yes-or-no fact in words, anything else as it is written.
func plain(text string) string {
	negated := strings.TrimPrefix(strings.TrimPrefix(text, "!"), "not ")
	words := map[string]string{
		"data_lost": "data is lost", "irreversible": "it cannot be taken back",
		"undo": "it takes something back", "break_glass": "the glass is broken",
	}[strings.Trim(negated, "()")]
	switch {
	case words == "":
		return text
	case negated != text:
		return "not that " + words
	}
	return words
}

// measure says in words what a condition looks at; nil for what only its text can say.
func measure(n ast.Node) func(view) string {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return measures()[n.Value]
	case *ast.BuiltinNode:
		if n.Name == "len" && len(n.Arguments) == 1 && n.Arguments[0].String() == "alarms" {
			return func(v view) string { return openAlarms(v.Alarms) }
		}
	case *ast.MemberNode:
		key, ok := n.Property.(*ast.StringNode)
		of, ok2 := n.Node.(*ast.IdentifierNode)
		if ok && ok2 && of.Value == "tags" {
			return func(v view) string { return fmt.Sprintf("tag %s %q", key.Value, v.Tags[key.Value]) }
		}
		if ok && ok2 && of.Value == "args" {
			return func(v view) string { return fmt.Sprintf("%s %q", key.Value, v.Args[key.Value]) }
		}
	}
	return nil
}

func measures() map[string]func(view) string {
	return map[string]func(view) string{
		"instances":     func(v view) string { return counted(v.Instances, "instance") },
		"percent":       func(v view) string { return fmt.Sprintf("%d %% touched", v.Percent) },
		"capacity_down": func(v view) string { return fmt.Sprintf("%d %% less capacity", v.CapacityDown) },
		"kind":          func(v view) string { return "kind " + named(v.Kind) },
		"environment":   func(v view) string { return "environment " + named(v.Environment) },
		"target":        func(v view) string { return "target " + named(v.Target) },
		"user":          func(v view) string { return "user " + named(v.User) },
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

// short cuts a reason where it becomes too long to be read.
func short(s string) string {
	if utf8.RuneCountInString(s) <= maxReason {
		return s
	}
	return string([]rune(s)[:maxReason-1]) + "…"
}

// firstLine is the first line of an error of the expression library, whose others draw where it happened.
func firstLine(err error) error {
	line, _, more := strings.Cut(err.Error(), "\n")
	if !more {
		return err
	}
	return fmt.Errorf("%s", line)
}
