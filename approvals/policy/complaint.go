package policy

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"
)

// complaint says what is wrong with a condition: the first thing, and where.
func complaint(source string, issues *cel.Issues) error {
	first := slices.MinFunc(issues.Errors(), func(a, b *cel.Error) int {
		return cmp.Or(cmp.Compare(a.Location.Line(), b.Location.Line()), cmp.Compare(a.Location.Column(), b.Location.Column()))
	})
	return errors.New(place(first.Location) + plain(first.Message) + hint(source))
}

// What CEL says of texts that are no conditions: what does not belong there, with everything that could stand there
// instead, which helps nobody; and that a function is not for these types.
var (
	misplaced = regexp.MustCompile(`^Syntax error: (?:mismatched input|extraneous input|token recognition error at:) ('.*?')(?: expecting .*)?$`)
	mismatch  = regexp.MustCompile(`^found no matching overload for '([^']+)' applied to '(.*)'$`)
)

// plain is one line of CEL's in words for people.
func plain(message string) string {
	message = strings.Join(strings.Fields(message), " ")
	if m := mismatch.FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("%s does not go with %s", symbol(m[1]), m[2])
	}
	if m := misplaced.FindStringSubmatch(message); m != nil && m[1] != "'<EOF>'" {
		return m[1] + " does not belong here"
	} else if m != nil {
		return "something is missing at the end"
	}
	switch {
	case strings.HasPrefix(message, "comprehension exceeds nesting limit"):
		return fmt.Sprintf("it loops more than %d deep", maxLoops)
	case strings.HasPrefix(message, "expression node count exceeds limit"):
		return fmt.Sprintf("it has more than %d parts", maxNodes)
	case strings.Contains(message, "recursion") && strings.Contains(message, "exceeded"):
		return "it is nested too deep"
	}
	return strings.Replace(strings.TrimPrefix(message, "Syntax error: "), "'<EOF>'", "the end", 1)
}

// symbol is an operator as it is written; CEL calls > _>_ and the question mark _?_:_.
func symbol(function string) string {
	if operator, ok := operators.FindReverse(function); ok && operator != "" {
		return operator
	}
	if strings.HasPrefix(function, "_") {
		return strings.ReplaceAll(function, "_", "")
	}
	return function
}

// word is a name in a condition with the bracket or the dot that goes with it, or what no name can be in: a text
// or a comment.
var word = regexp.MustCompile(`"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|//[^\n]*|\.?\s*[A-Za-z_]\w*\s*\(?`)

// hint tells those who know another language what CEL writes for it: "; write && for and".
func hint(source string) string {
	var all []string
	for _, w := range word.FindAllString(source, -1) {
		name := strings.TrimSpace(strings.TrimSuffix(w, "("))
		advice, ok := advices()[name]
		if called, is := advices()[name+"()"]; is && strings.HasSuffix(w, "(") {
			advice, ok = called, true
		}
		if ok && !slices.Contains(all, advice) {
			all = append(all, advice)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "; write " + strings.Join(all, ", ")
}

// advices are by what people write: a word, or with brackets a function.
func advices() map[string]string {
	return map[string]string{
		"and": "&& for and", "or": "|| for or", "not": "! for not", "len()": "size() for len()",
		"any()": "list.exists(x, …) for any()", "all()": "list.all(x, …) for all()", "none()": "!list.exists(x, …) for none()",
		"startsWith": "a.startsWith(b) for a startsWith b", "endsWith": "a.endsWith(b) for a endsWith b",
		"contains": "a.contains(b) for a contains b", "matches": "a.matches(b) for a matches b",
	}
}

// mishap says what went wrong while a condition was judged, and where.
func mishap(err error, info *ast.SourceInfo) error {
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) && cancelled.Cause == interpreter.CostLimitExceeded {
		return errors.New("it costs too much to judge")
	}
	var at *types.Err
	if !errors.As(err, &at) {
		return firstLine(err)
	}
	words := strings.Replace(firstLine(err).Error(), "google.protobuf.", "", 1)
	return errors.New(place(info.GetStartLocation(at.NodeID())) + words)
}

// place is "line 1, column 5: ", or nothing for what is nowhere.
func place(at common.Location) string {
	if at.Line() < 1 {
		return ""
	}
	return fmt.Sprintf("line %d, column %d: ", at.Line(), at.Column()+1)
}

// firstLine is the first line of an error.
func firstLine(err error) error {
	line, _, more := strings.Cut(err.Error(), "\n")
	if !more {
		return err
	}
	return errors.New(line)
}
