package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lesson is a defect that tools of this kind are known for, and the tests that would fail if we had it.
type lesson struct {
	defect string
	tests  map[string][]string // by directory
}

// lessons are what others have learned the hard way.
func lessons() []lesson {
	return []lesson{
		{"two replicas take one lock at once", map[string][]string{
			"internal/ledger": {"TestTwoReplicasAndOneLock", "TestTheResourcePassesDownTheLine"},
		}},
		{"one approver in two groups meets a quorum of two", map[string][]string{
			"approvals":       {"TestOnePersonInTwoGroupsTakesOneSeat", "TestWhateverHappensItIsAsOnPaper"},
			"internal/ledger": {"TestOnePersonInEveryGroupIsNotEnough"},
		}},
		{"anybody in the channel can deny or cancel", map[string][]string{
			"approvals": {"TestOnlyTheGroupDecides", "TestADenialHasAReasonAndItsOwnRight", "TestOnlyTheRequesterWithdraws",
				"TestOnlyTheRequesterExtendsThriceAtMost", "TestSignalsArePermissionedToo", "TestThoseWhoWereSkippedMayStopIt"},
		}},
		{"a reason breaks the card, calls the channel or is read back as state", map[string][]string{
			"internal/app": {"TestAHostileReasonStaysWords"},
			"bot/blocks":   {"TestNoCardIsRefused", "TestNoFormIsRefused", "TestNoHomeIsRefused", "TestDataNeverBecomesLive", "TestEscapedOnceAndWhole"},
		}},
		{"a restart between the post and the press leaves cards behind", map[string][]string{
			"internal/app": {"TestARestartBetweenPostAndPressUpdatesEverything"},
		}},
		{"a disconnect while a press is not acknowledged loses the acknowledgement", map[string][]string{
			"bot": {"TestADisconnectDuringAPressThatIsNotAcknowledged", "TestA07RenewalsLoseNothing", "TestA09LeavesInOrder"},
		}},
		{"a fatal answer of Slack leaves a bot that looks alive", map[string][]string{
			"internal/app": {"TestAFatalAnswerEndsTheBot"},
			"bot":          {"TestA02InvalidTokensEndTheBot", "TestLostAccessEndsTheBot"},
		}},
		{"Socket Mode is switched off and the client tries again for ever", map[string][]string{
			"internal/app": {"TestSwitchedOffIsNotStormed"},
			"bot":          {"TestA08NoReconnectStorm"},
		}},
		// No card and no form of ours has a select: groups are typed, and completed by the book. What stands where
		// others have selects are lists, buttons, and menus of at most five.
		{"what a list cannot hold is dropped without a word", map[string][]string{
			"internal/app": {"TestMoreThanAHundredGroupsAreAllThere"},
			"bot/blocks":   {"TestWhatAMenuCannotHoldBecomesAButton", "TestWhatIsMissingIsTold"},
			"commands":     {"TestAFullHomeStaysWithinWhatSlackTakes"},
		}},
		{"looking at something again does it again", map[string][]string{
			"internal/app": {"TestLookingDoesNothing"},
			"commands":     {"TestExplainingABrokenGlassBreaksNone", "TestTheSameIsAskedOnce"},
			"approvals":    {"TestExplainStartsNothing"},
		}},
		{"a command is acknowledged and never answered", map[string][]string{
			"internal/app": {"TestWhateverIsTypedIsAnswered"},
			"commands":     {"TestUnknownInputIsAnswered", "TestAPanicIsAnswered"},
			"bot":          {"TestAPanickingDeskApologises", "TestA03EverythingIsAcknowledged"},
		}},
		{"an approver who left, or a lookup that fails, counts or crashes", map[string][]string{
			"internal/app": {"TestALookupThatFailsIsToldToWhoeverPressed"},
			"approvals":    {"TestAFailingLookupRefuses", "TestALookupThatFailsCountsNothing", "TestWhoLeftAGroupCountsNoMore"},
			"bot":          {"TestA14WhoMayUseTheBot", "TestA14Groups"},
		}},
	}
}

// TestEveryLessonIsATest keeps the table true: every test that it names is there.
func TestEveryLessonIsATest(t *testing.T) {
	all := lessons()
	if len(all) != 12 {
		t.Errorf("got %d lessons, want 12", len(all))
	}
	for _, l := range all {
		n := 0
		for dir, names := range l.tests {
			there := testsIn(t, dir)
			for _, name := range names {
				if n++; !slices.Contains(there, name) {
					t.Errorf("%s: there is no %s in %s", l.defect, name, dir)
				}
			}
		}
		if n == 0 {
			t.Errorf("%s: no test", l.defect)
		}
	}
}

// testsIn are the tests of a directory of this module.
func testsIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(dir), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				names = append(names, fn.Name.Name)
			}
		}
	}
	return names
}
