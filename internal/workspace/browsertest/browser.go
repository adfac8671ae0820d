// Package browsertest drives the workspace's page in a headless Chromium, for tests.
package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// Browser is a headless Chromium at a window of 1280 by 800.
type Browser struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	faults []string
}

// Open opens a page. Where there is no Chromium the test is left out, unless REQUIRE_CHROMIUM says that
// nothing is.
func Open(t *testing.T, url string) *Browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("REQUIRE_CHROMIUM") != "" {
			t.Fatal("There is no Chromium on this machine.")
		}
		t.Skip("left out: there is no Chromium on this machine")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 800))
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	b := &Browser{t: t, ctx: ctx}
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		end()
	})
	b.must(chromedp.Do(ctx, chromedp.Navigate("about:blank")))
	b.listen()
	b.must(chromedp.Do(ctx, chromedp.Navigate(url)))
	return b
}

// listen remembers what the page complains about.
func (b *Browser) listen() {
	messages := chromedp.Console(b.ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == "error" {
				b.mu.Lock()
				b.faults = append(b.faults, m.Text)
				b.mu.Unlock()
			}
		}
	}()
}

func (b *Browser) must(err error) {
	b.t.Helper()
	if err != nil {
		b.Picture("failed")
		b.t.Fatal(err)
	}
}

// Do runs steps, each of which may take ten seconds.
func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for _, step := range steps {
		ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
		err := chromedp.Do(ctx, step)
		cancel()
		b.must(err)
	}
}

// Click waits for an element and clicks it. One that is drawn anew in between is looked for again.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	var err error
	for range 5 {
		if err = b.click(selector); err == nil || !strings.Contains(err.Error(), "Could not find node") {
			break
		}
	}
	b.must(err)
}

func (b *Browser) click(selector string) error {
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.WaitVisible(chromedp.CSS(selector))); err != nil {
		return err
	}
	for { // a person does not press what still moves
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(still, selector), chromedp.EvalAwaitPromise))
		if err != nil {
			return err
		}
		if ok {
			return chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)))
		}
	}
}

// still is whether an element is where it was two frames ago, with nothing before it.
const still = `new Promise((done) => {
	const at = () => { const r = document.querySelector(%[1]q)?.getBoundingClientRect(); return r && [r.x, r.y, r.width, r.height].join() };
	const before = at();
	requestAnimationFrame(() => requestAnimationFrame(() => done(Boolean(before) && at() === before)));
})`

// Hold waits for an element, presses the mouse on it, does something meanwhile and lets go.
func (b *Browser) Hold(selector string, meanwhile func()) {
	b.t.Helper()
	b.Do(chromedp.WaitVisible(chromedp.CSS(selector)))
	at, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]float64](fmt.Sprintf(
		"(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()", selector)))
	b.must(err)
	one := func(p *input.DispatchMouseEventParams) { p.ClickCount = 1 }
	b.Do(chromedp.MouseEvent(chromedp.MousePressed, at[0], at[1], chromedp.ButtonLeft, one))
	meanwhile()
	b.Do(chromedp.MouseEvent(chromedp.MouseReleased, at[0], at[1], chromedp.ButtonLeft, one))
}

// Write waits for an element and types into it.
func (b *Browser) Write(selector, text string) {
	b.t.Helper()
	b.Do(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Eventually waits until an expression of the page is true.
func (b *Browser) Eventually(what, expression string) {
	b.t.Helper()
	b.eventually(what, expression, "document.body.innerText")
}

// eventually waits until an expression of the page is true, and says what another gives when it never is.
func (b *Browser) eventually(what, expression, instead string) {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && ok {
			return
		}
	}
	if expression != restful {
		b.Picture("failed")
	}
	seen, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](instead))
	b.t.Fatalf("%s: not seen within ten seconds (%s), but this (%v):\n%s", what, expression, err, seen)
}

// Shows waits until the text of an element contains words.
func (b *Browser) Shows(selector, words string) {
	b.t.Helper()
	b.eventually(selector+" with "+words, fmt.Sprintf("[...document.querySelectorAll(%q)].some((e) => e.innerText.includes(%q))", selector, words),
		fmt.Sprintf("[...document.querySelectorAll(%q)].map((e) => e.innerText).join('\\n---\\n')", selector))
}

// Scheme switches between light and dark.
func (b *Browser) Scheme(name string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
	b.must(err)
}

// Size makes the window as large as said, in pixels.
func (b *Browser) Size(width, height int64) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1,
	})
	b.must(err)
}

// restful is whether nothing on the page moves any more; what moves for ever does not count.
const restful = "document.getAnimations().every((a) => a.playState !== 'running' || a.effect.getTiming().iterations === Infinity)"

// Picture saves what the page looks like into the folder named by PICTURES, if it is set.
func (b *Browser) Picture(name string) {
	b.t.Helper()
	folder := os.Getenv("PICTURES")
	if folder == "" {
		return
	}
	b.Eventually("the page is at rest", restful)
	data, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, b.t.Name()+"-"+name+".png"), data, 0o644)
	}
	if err != nil {
		b.t.Logf("picture %s: %v", name, err)
	}
}

// Clean fails the test if the page complained about anything.
func (b *Browser) Clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.faults) > 0 {
		b.t.Errorf("the page complained: %s", strings.Join(b.faults, "; "))
	}
}

// ActAs makes the page be another person.
func (b *Browser) ActAs(user, initials string) {
	b.t.Helper()
	b.Do(chromedp.SetValue(chromedp.CSS("[data-testid=act-as]"), user))
	b.Do(chromedp.Evaluate[chromedp.Void]("document.querySelector('[data-testid=act-as]').dispatchEvent(new Event('change'))"))
	b.Shows("#act-as .avatar", initials)
}
