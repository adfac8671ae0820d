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

// clause is a part of a condition that is told as one reason, or several of them joined by and or or, or the
// contrary of one.
type clause struct {
	joined   string // "and", "or", "not"; empty: a single one
	parts    []clause
	text     string // as it was written
	program  *vm.Program
	what     func(view) string // the value that is compared, in words; nil: only the text says it
	operator string
	with     string // what it is compared with: "10"
}

// clauseOf takes a condition apart. A part that does not compile by itself, such as one that uses a variable,
// is left in the whole.
func clauseOf(n ast.Node, whole *vm.Program) clause {
	c := clause{text: n.String(), program: whole}
	switch n := n.(type) {
	case *ast.UnaryNode:
		if inner, err := program(n.Node.String()); err == nil && junction(n.Operator) != "" {
			c.joined, c.parts = "not", []clause{clauseOf(n.Node, inner)}
		}
	case *ast.BinaryNode:
		left, lerr := program(n.Left.String())
		right, rerr := program(n.Right.String())
		switch {
		case junction(n.Operator) != "" && lerr == nil && rerr == nil:
			c.joined, c.parts = junction(n.Operator), []clause{clauseOf(n.Left, left), clauseOf(n.Right, right)}
		case compares(n.Operator) && literal(n.Right):
			c.what, c.operator, c.with = measure(n.Left), n.Operator, n.Right.String()
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
	case "!", "not":
		return "not"
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
	case c.joined == "not":
		return c.parts[0].reason(v, !holds)
	case (c.joined == "and") == holds: // every part had its say: all hold, or none does
		return c.parts[0].reason(v, holds) + comma(holds) + c.parts[1].reason(v, holds)
	}
	for _, part := range c.parts {
		if yes, err := run(part.program, v); err == nil && yes == holds {
			return part.reason(v, holds)
		}
	}
	return c.text
}

// comma joins reasons; those against have commas of their own.
func comma(holds bool) string {
	if holds {
		return ", "
	}
	return "; "
}

// tell is one reason: what there is, and what it was compared with.
func (c clause) tell(v view, holds bool) string {
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
	switch is := c.what(v); {
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

// short puts a reason on one line, and cuts it where it becomes too long to be read.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
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
