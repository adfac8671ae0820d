package policy

import (
	"errors"
	"fmt"

	"github.com/expr-lang/expr/ast"
)

// sound refuses a condition that would cost too much or depend on more than the facts, and checks the zones and
// times that are written out in it.
func sound(root ast.Node) error {
	c := checker{loops: map[ast.Node]int{}}
	ast.Walk(&root, &c)
	return errors.Join(c.errs...)
}

// checker looks at every node of a condition, the inner ones first.
type checker struct {
	errs  []error
	loops map[ast.Node]int // how deep the loops go that begin at a predicate
}

func (c *checker) say(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

// Visit checks one node.
func (c *checker) Visit(n *ast.Node) {
	switch n := (*n).(type) {
	case *ast.PredicateNode:
		inner := deepest{loops: c.loops}
		ast.Walk(&n.Node, &inner)
		c.loops[n] = inner.deep + 1
		if c.loops[n] == maxLoops+1 {
			c.say("it loops more than %d deep", maxLoops)
		}
	case *ast.BinaryNode:
		if n.Operator == ".." || n.Operator == "**" || n.Operator == "^" {
			c.say("the operator %s is not for conditions", n.Operator)
		}
	case *ast.MemberNode:
		if n.Method {
			c.say("%s: values have no functions of their own here", n)
		}
	case *ast.CallNode:
		c.call(n)
	}
}

// call checks the zones and times that stand in a call as they are.
func (c *checker) call(n *ast.CallNode) {
	name, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return
	}
	for i, argument := range n.Arguments {
		s, ok := argument.(*ast.StringNode)
		if !ok {
			continue
		}
		if err := checkArgument(name.Value, i, s.Value); err != nil {
			c.say("%s: %w", name.Value, err)
		}
	}
}

// checkArgument checks a text that stands in a call of one of our functions.
func checkArgument(function string, index int, text string) error {
	switch {
	case function == "matches_glob" && index == 1:
		return checkGlob(text)
	case function == "matches_glob":
		return nil
	case index == 0:
		_, err := zoneOf(text)
		return err
	}
	_, err := parseClock(text)
	return err
}

// deepest finds the deepest loops in a part of a condition.
type deepest struct {
	loops map[ast.Node]int
	deep  int
}

// Visit looks at one node.
func (d *deepest) Visit(n *ast.Node) { d.deep = max(d.deep, d.loops[*n]) }
