package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// sound refuses a condition that could mean another thing on another machine or the next time, and checks the
// zones, times and patterns that are written out in it. CEL runs it with its own checks.
type sound struct{}

// Name is what the check is called within CEL.
func (sound) Name() string { return "amiral.sound" }

// Validate checks every part of a condition.
func (sound) Validate(env *cel.Env, _ cel.ValidatorConfig, a *ast.AST, issues *cel.Issues) {
	c := checker{tree: a, issues: issues, facts: env.Variables()}
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(c.check))
}

// checker looks at the parts of a condition one by one.
type checker struct {
	tree   *ast.AST
	issues *cel.Issues
	facts  []*decls.VariableDecl
}

func (c checker) say(part ast.Expr, err error) {
	if err != nil {
		c.issues.ReportErrorAtID(part.ID(), "%s", err)
	}
}

func (c checker) check(part ast.Expr) {
	switch part.Kind() {
	case ast.CallKind:
		c.call(part, part.AsCall())
	case ast.ComprehensionKind:
		c.loop(part, part.AsComprehension())
	}
}

func (c checker) call(part ast.Expr, call ast.CallExpr) {
	name := call.FunctionName()
	compares := name == operators.Equals || name == operators.NotEquals || name == operators.In
	zoned := call.IsMemberFunction() && strings.HasPrefix(name, "get") // such as at.getHours("Europe/Berlin")
	for i, argument := range call.Args() {
		switch s, literal := literalText(argument); {
		case compares && (name != operators.In || i == 0) && c.isMap(argument):
			c.say(part, errors.New("tags and arguments are compared one by one"))
		case literal && zoned:
			c.say(argument, checkZone(s))
		case zoned:
			c.say(argument, errors.New("the time zone must be written out"))
		case literal:
			c.say(argument, checkArgument(name, i, s))
		}
	}
}

// loop refuses to loop over a map that is written out, whose order is another one each time, and to call what
// goes through a list like one of the facts.
func (c checker) loop(part ast.Expr, loop ast.ComprehensionExpr) {
	over := loop.IterRange()
	if ours := over.Kind() == ast.IdentKind && c.isFact(over.AsIdent()); c.isMap(over) && !ours {
		c.say(over, errors.New("only lists, tags and args can be looped over"))
	}
	if name := loop.IterVar(); c.isFact(name) {
		c.say(part, fmt.Errorf("%s is a fact already; call it something else here", name))
	}
}

func (c checker) isMap(part ast.Expr) bool {
	return c.tree.GetType(part.ID()).Kind() == types.MapKind
}

func (c checker) isFact(name string) bool {
	return slices.ContainsFunc(c.facts, func(fact *decls.VariableDecl) bool { return fact.Name() == name })
}

func literalText(part ast.Expr) (string, bool) {
	if part.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := part.AsLiteral().(types.String)
	return string(s), ok
}

// checkZone checks a zone of CEL's own functions, which may also be an offset such as +02:00.
func checkZone(zone string) error {
	if strings.Contains(zone, ":") {
		return nil
	}
	_, err := zoneOf(zone)
	return err
}

// checkArgument checks a text that stands in a call of one of our functions.
func checkArgument(function string, index int, text string) error {
	switch {
	case function == "matches_glob" && index == 1:
		return checkGlob(text)
	case !slices.Contains([]string{"hour", "minute", "weekday", "between"}, function):
		return nil
	case index == 0:
		_, err := zoneOf(text)
		return err
	}
	_, err := parseClock(text)
	return err
}
