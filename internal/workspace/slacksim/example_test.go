package slacksim_test

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// A workspace with one person and one channel. Any Slack client pointed at
// URL()+"/api/" can take part; here it is a plain HTTP request.
func Example() {
	w, err := slacksim.New(slacksim.Options{
		App:      slacksim.App{Name: "Pilot"},
		Users:    []slacksim.User{{Name: "ada"}},
		Channels: []slacksim.Channel{{Name: "harbour", Members: []string{"ada", "pilot"}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := w.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer w.Close()

	ts, _ := w.As("ada").Say("#harbour", "anybody here?")
	resp, err := http.PostForm(w.URL()+"/api/chat.postMessage", url.Values{
		"token": {w.App().BotToken}, "channel": {"#harbour"}, "thread_ts": {ts}, "text": {"I am."},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer resp.Body.Close()
	for _, m := range w.Thread("#harbour", ts) {
		fmt.Println(m.Visible())
	}
	fmt.Println(w.As("ada").Slash("#harbour", "/unknown"))
	// Output:
	// anybody here?
	// I am.
	// there is no command "/unknown"
}
