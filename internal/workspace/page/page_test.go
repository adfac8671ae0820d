package page

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func files(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(Files(), name)
		all[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var references = map[string]*regexp.Regexp{
	".html": regexp.MustCompile(`(?:src|href)="([^"#]+)"`),
	".js":   regexp.MustCompile(`(?m)from '([^']+)';$`),
	".css":  regexp.MustCompile(`url\(["']?([^"')]+)`),
}

func TestEveryReferencedFileIsThere(t *testing.T) {
	all := files(t)
	used := map[string]bool{"index.html": true}
	for name, text := range all {
		pattern := references[path.Ext(name)]
		if pattern == nil {
			continue
		}
		for _, match := range pattern.FindAllStringSubmatch(text, -1) {
			target := path.Join(path.Dir(name), match[1])
			used[target] = true
			if _, ok := all[target]; !ok {
				t.Errorf("%s refers to %s, which is not there", name, match[1])
			}
		}
	}
	for name := range all {
		if !used[name] {
			t.Errorf("nothing refers to %s", name)
		}
	}
}

func TestImportedNamesAreExported(t *testing.T) {
	all := files(t)
	imports := regexp.MustCompile(`(?m)^import \{([^}]+)\} from '\./([^']+)';`)
	for name, text := range all {
		for _, match := range imports.FindAllStringSubmatch(text, -1) {
			for word := range strings.SplitSeq(match[1], ",") {
				word = strings.TrimSpace(word)
				exported := regexp.MustCompile(`(?m)^export (?:async )?(?:function|const|class) ` + word + `\b`)
				if !exported.MatchString(all[match[2]]) {
					t.Errorf("%s imports %s, which %s does not export", name, word, match[2])
				}
				if body := imports.ReplaceAllString(text, ""); !regexp.MustCompile(`\b` + word + `\b`).MatchString(body) {
					t.Errorf("%s imports %s and does not use it", name, word)
				}
			}
		}
	}
}

func TestThePageAsksForNothingFromOutside(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)(?:src|href)="(?:https?:)?//|@import|innerHTML|insertAdjacentHTML|document\.write|\beval\(|\sstyle="|<script>|\son[a-z]+="`)
	for name, text := range files(t) {
		if found := forbidden.FindString(text); found != "" {
			t.Errorf("%s contains %q", name, found)
		}
	}
}

func TestFilesComeWithTypesAndAPolicy(t *testing.T) {
	for target, kind := range map[string]string{"/": "text/html", "/app.js": "text/javascript", "/style.css": "text/css", "/icon.svg": "image/svg+xml"} {
		rec := httptest.NewRecorder()
		Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, target, nil))
		if rec.Code != http.StatusOK || !strings.HasPrefix(rec.Header().Get("Content-Type"), kind) {
			t.Errorf("%s: got %d %s, want %s", target, rec.Code, rec.Header().Get("Content-Type"), kind)
		}
		if rec.Header().Get("Content-Security-Policy") != policy {
			t.Errorf("%s: got policy %q", target, rec.Header().Get("Content-Security-Policy"))
		}
	}
	rec := httptest.NewRecorder()
	Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/nothing.js", nil))
	if rec.Code != http.StatusNotFound {
		t.Errorf("/nothing.js: got %d, want 404", rec.Code)
	}
}

// The hooks that scripts in a browser hold on to.
func TestTheHooksForScriptsAreThere(t *testing.T) {
	var whole strings.Builder
	for _, text := range files(t) {
		whole.WriteString(text)
	}
	for _, hook := range []string{
		"composer", "send", "act-as", "message", "thread", "open-thread", "action", "confirm", "confirm-ok", "confirm-cancel",
		"modal", "modal-submit", "modal-close", "channel", "home", "fleet", "group", "instance", "clock-+${push}",
	} {
		if !strings.Contains(whole.String(), "'"+hook+"'") && !strings.Contains(whole.String(), `"`+hook+`"`) && !strings.Contains(whole.String(), "`"+hook+"`") {
			t.Errorf("no data-testid %s", hook)
		}
	}
}
