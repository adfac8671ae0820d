package app_test

import (
	"fmt"
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
	b.Write("[data-testid=composer]", "/asg list"+kb.Escape+kb.Enter) // the form is gone, and what is typed arrives
	b.Shows("[data-testid=message]", "Launch…")
	scales(t, w, b)
	b.Size(390, 844)
	b.Picture("asked")
	w.play(script(t, "slash @dev #deploys /asg rollout web\n"))
	b.Shows("[data-testid=modal][open]", "/asg rollout")
	b.Picture("phone-form")
	b.Click("[data-testid=modal-cancel]")
	b.Eventually("the form closes", "!document.querySelector('[data-testid=modal][open]')")
	w.play(script(t, "slash @dev #deploys /asg launch web-blue --template web-lt\n"))
	b.Shows("[data-testid=modal][open]", "--template web-lt")
	b.Shows("[data-testid=modal][open] footer", "Run")
	b.Scheme("dark")
	b.Picture("phone-filled")
	b.Scheme("light")
	b.Click("[data-testid=modal-cancel]")
	b.Eventually("the form closes", "!document.querySelector('[data-testid=modal][open]')")
	w.play(script(t, "slash @dev #deploys /template list\n"))
	b.Shows("[data-testid=message]", "emplate")
	b.Eventually("the list in sight", `(document.querySelector(".table-frame")?.scrollIntoView({ block: "center" }), true)`)
	b.Picture("phone-list")
	b.Eventually("no word broken", `[...document.querySelectorAll(".table td:first-child")].every((e) => e.getBoundingClientRect().height < 200)`)
	b.Clean()
}

// scales looks at a form that begins with how the group is, changes one thing and asks: what was left as it was is not
// in the command.
func scales(t *testing.T, w *world, b *browsertest.Browser) {
	t.Helper()
	w.play(script(t, "slash @dev #deploys /asg scale web --in staging\n"))
	b.Shows("[data-testid=modal][open]", "Now: 3, and 1 to 6 are allowed.")
	for input, value := range map[string]string{"size": "3", "--min": "1", "--max": "6"} {
		b.Eventually(input+" filled in", fmt.Sprintf(`document.querySelector("[data-testid=modal] [data-block-id='%s'] input").value === %q`, input, value))
	}
	b.Picture("filled")
	b.Scheme("dark")
	b.Picture("filled-dark")
	b.Scheme("light")
	b.Write("[data-testid=modal] [data-block-id='--max'] input", kb.Backspace+"7")
	b.Write("[data-testid=modal] [data-block-id='size'] input", kb.Backspace+"4")
	b.Click("[data-testid=modal-submit]")
	b.Shows("[data-testid=message]", "/asg scale web 4 --max 7 --in staging")
}
