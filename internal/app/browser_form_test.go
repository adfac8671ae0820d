package app_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/amiral-ops/amiral/internal/workspace/browsertest"
)

// TestAFormInABrowser types a command without what it needs, searches for a group and an image in the form that
// opens, and asks. Then it looks at a list as it stands on a phone. PICTURES names a folder for screenshots.
func TestAFormInABrowser(t *testing.T) {
	w := newWorld(t, 1)
	b := browsertest.Open(t, w.Info().Page)
	b.Shows("#link-state", "amiral is connected")
	b.Write("[data-testid=composer]", "/asg rollout"+kb.Escape+kb.Enter)
	b.Shows("[data-testid=modal][open]", "/asg rollout")
	b.Picture("form")
	pick := func(block, text, option, command string) {
		t.Helper()
		b.Click("[data-testid=modal] [data-block-id='" + block + "'] .picker")
		b.Write(".picker-panel input", text)
		b.Shows(".picker-panel .option:first-child", option)
		b.Picture("search-" + text)
		b.Click(".picker-panel .option")
		b.Shows("[data-testid=modal][open]", command) // what is known of the choice arrives, and moves what stands below
	}
	pick("group", "we", "web", "/asg rollout web")
	pick("--image", "0b2", "ami-0b2", "/asg rollout web --image ami-0b2")
	b.Click("[data-testid=modal-submit]")
	b.Shows("[data-testid=message]", "Approval needed · Roll web to ami-0b2")
	b.Shows("[data-testid=message]", "/asg rollout web --image ami-0b2")
	b.Size(390, 844)
	b.Picture("asked")
	w.play(script(t, "slash @dev #deploys /asg rollout web\n"))
	b.Shows("[data-testid=modal][open]", "/asg rollout")
	b.Picture("phone-form")
	b.Click("[data-testid=modal-cancel]")
	w.play(script(t, "slash @dev #deploys /template list\n"))
	b.Shows("[data-testid=message]", "emplate")
	b.Eventually("the list in sight", `(document.querySelector(".table-frame")?.scrollIntoView({ block: "center" }), true)`)
	b.Picture("phone-list")
	b.Eventually("no word broken", `[...document.querySelectorAll(".table td:first-child")].every((e) => e.getBoundingClientRect().height < 200)`)
	b.Clean()
}
