package slacksim

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// call is one request to the Web API.
type call struct {
	req    *http.Request
	method string
	args   map[string]any // strings, or JSON values of a JSON body
	token  string
	header bool // the token came in the header
}

// str is an argument as text; numbers and booleans of JSON are written out.
func (c *call) str(name string) string {
	switch v := c.args[name].(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// has tells whether an argument was sent and is not null.
func (c *call) has(name string) bool { return c.args[name] != nil }

// truth is an argument as a boolean.
func (c *call) truth(name string) bool {
	v := c.str(name)
	return v == "true" || v == "1"
}

// data is an argument that is JSON, either inside a string or as it is.
func (c *call) data(name string) (any, error) {
	s, isString := c.args[name].(string)
	if !isString {
		return c.args[name], nil
	}
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		return nil, err
	}
	return v, nil
}

// apiError is a reply with ok:false.
type apiError struct {
	code       string
	messages   []string // response_metadata.messages
	extra      Object
	retryAfter int
}

func (e *apiError) Error() string { return e.code }

func fail(code string) error { return &apiError{code: code} }

func failWith(code string, messages ...string) error {
	return &apiError{code: code, messages: messages}
}

// endpoint is one method of the Web API.
type endpoint struct {
	limit  limit
	scopes []string // any of them will do; none means any token
	do     func(*call) (Object, error)
	app    bool // wants the app-level token
}

func (w *Workspace) endpoints() map[string]endpoint {
	reads := []string{"channels:read", "groups:read", "im:read", "mpim:read"}
	history := []string{"channels:history", "groups:history", "im:history", "mpim:history"}
	write, react := []string{"chat:write"}, []string{"reactions:write"}
	return map[string]endpoint{
		"api.test":                     {limit: free, do: w.apiTest},
		"auth.test":                    {limit: free, do: w.authTest},
		"apps.connections.open":        {limit: tier3, do: w.openConnection, scopes: []string{"connections:write"}, app: true},
		"blocks.validate":              {limit: tier3, do: w.validateBlocks},
		"bots.info":                    {limit: tier3, do: w.botInfo, scopes: []string{"users:read"}},
		"chat.delete":                  {limit: tier3, do: w.chatDelete, scopes: write},
		"chat.getPermalink":            {limit: free, do: w.chatPermalink},
		"chat.postEphemeral":           {limit: tier4, do: w.chatEphemeral, scopes: write},
		"chat.postMessage":             {limit: posting, do: w.chatPost, scopes: write},
		"chat.scheduleMessage":         {limit: tier3, do: w.chatSchedule, scopes: write},
		"chat.deleteScheduledMessage":  {limit: tier3, do: w.chatUnschedule, scopes: write},
		"chat.update":                  {limit: tier3, do: w.chatUpdate, scopes: write},
		"conversations.history":        {limit: tier3, do: w.history, scopes: history},
		"conversations.info":           {limit: tier3, do: w.conversationInfo, scopes: reads},
		"conversations.join":           {limit: tier3, do: w.conversationJoin, scopes: []string{"channels:join"}},
		"conversations.list":           {limit: tier2, do: w.conversationList, scopes: reads},
		"conversations.members":        {limit: tier4, do: w.conversationMembers, scopes: reads},
		"conversations.open":           {limit: tier3, do: w.conversationOpen, scopes: []string{"im:write", "mpim:write"}},
		"conversations.replies":        {limit: tier3, do: w.replies, scopes: history},
		"files.completeUploadExternal": {limit: tier4, do: w.completeUpload, scopes: []string{"files:write"}},
		"files.getUploadURLExternal":   {limit: tier4, do: w.uploadURL, scopes: []string{"files:write"}},
		"pins.add":                     {limit: tier2, do: w.pinAdd, scopes: []string{"pins:write"}},
		"reactions.add":                {limit: tier3, do: w.reactionAdd, scopes: react},
		"reactions.get":                {limit: tier3, do: w.reactionList, scopes: []string{"reactions:read"}},
		"reactions.remove":             {limit: tier2, do: w.reactionRemove, scopes: react},
		"team.info":                    {limit: tier3, do: w.teamInfo, scopes: []string{"team:read"}},
		"usergroups.list":              {limit: tier2, do: w.groupList, scopes: []string{"usergroups:read"}},
		"usergroups.users.list":        {limit: tier2, do: w.groupUsers, scopes: []string{"usergroups:read"}},
		"users.conversations":          {limit: tier3, do: w.userConversations, scopes: reads},
		"users.info":                   {limit: tier4, do: w.userInfo, scopes: []string{"users:read"}},
		"users.list":                   {limit: tier2, do: w.userList, scopes: []string{"users:read"}},
		"users.lookupByEmail":          {limit: tier3, do: w.userByEmail, scopes: []string{"users:read.email"}},
		"views.open":                   {limit: tier4, do: w.viewOpen},
		"views.publish":                {limit: tier4, do: w.viewPublish},
		"views.push":                   {limit: tier4, do: w.viewPush},
		"views.update":                 {limit: tier4, do: w.viewUpdate},
	}
}

// serveAPI answers /api/<method>.
func (w *Workspace) serveAPI(endpoints map[string]endpoint) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		method := strings.TrimPrefix(r.URL.Path, "/api/")
		c, err := readCall(r, method)
		fault, faulty := w.faults.take(method)
		if faulty && !w.hold(r, fault.delay()) {
			return
		}
		if faulty && !fault.AfterEffect && !fault.onlySlow() {
			w.replyFault(rw, c, fault)
			return
		}
		var reply Object
		if err == nil {
			reply, err = w.run(c, endpoints)
		}
		if faulty && fault.AfterEffect {
			w.replyAfterEffect(rw, c, fault)
			return
		}
		w.reply(rw, c, reply, err)
	}
}

// hold waits for a slow fault; false means the caller went away.
func (w *Workspace) hold(r *http.Request, d time.Duration) bool {
	if d == 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
	case <-w.quit:
	}
	return false
}

// run does what a call asks, under the lock.
func (w *Workspace) run(c *call, endpoints map[string]endpoint) (Object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	or(&w.base, "http://"+c.req.Host)
	e, ok := endpoints[c.method]
	if !ok {
		return nil, fail("unknown_method")
	}
	if err := w.authorize(c, e); err != nil {
		return nil, err
	}
	if err := w.throttle(c, e.limit); err != nil {
		return nil, err
	}
	return e.do(c)
}

func readCall(r *http.Request, method string) (*call, error) {
	c := &call{req: r, method: method, args: map[string]any{}}
	for k, v := range r.URL.Query() {
		c.args[k] = v[0]
	}
	err := c.readBody(r)
	c.token = c.str("token")
	delete(c.args, "token")
	if h, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		c.token, c.header = strings.TrimSpace(h), true
	}
	return c, err
}

const bodyLimit = 8 << 20

func (c *call) readBody(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "multipart/form-data" {
		if err := r.ParseMultipartForm(bodyLimit); err != nil {
			return fail("invalid_form_data")
		}
		c.take(url.Values(r.MultipartForm.Value))
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, bodyLimit))
	if err != nil {
		return fail("request_timeout")
	}
	if len(strings.TrimSpace(string(body))) == 0 {
		return nil
	}
	if kind == "application/json" {
		return c.takeJSON(body)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return fail("invalid_form_data")
	}
	c.take(form)
	return nil
}

func (c *call) take(form url.Values) {
	for k, v := range form {
		c.args[k] = v[0]
	}
}

func (c *call) takeJSON(body []byte) error {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return fail("invalid_json")
	}
	o, ok := v.(Object)
	if !ok {
		return fail("json_not_object")
	}
	for k, v := range o {
		c.args[k] = v
	}
	return nil
}

// reply writes the JSON answer and the journal's line.
func (w *Workspace) reply(rw http.ResponseWriter, c *call, reply Object, err error) {
	status := http.StatusOK
	out := Object{"ok": true}
	var bad *apiError
	if errors.As(err, &bad) {
		out = bad.body()
		if bad.retryAfter > 0 {
			status = http.StatusTooManyRequests
			rw.Header().Set("Retry-After", strconv.Itoa(bad.retryAfter))
		}
	}
	if err == nil {
		for k, v := range reply {
			out[k] = v
		}
	}
	if c.token == w.opt.App.BotToken {
		rw.Header().Set("X-OAuth-Scopes", strings.Join(w.opt.App.Scopes, ","))
	}
	w.finish(rw, c, status, out)
}

func (w *Workspace) finish(rw http.ResponseWriter, c *call, status int, out Object) {
	body := marshal(out)
	w.journal.add(Entry{
		Kind: "api", Method: c.method, Status: status, Error: text(out["error"]),
		Data: string(marshal(c.args)), Reply: string(body),
	})
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write(body)
}

func (e *apiError) body() Object {
	out := Object{"ok": false, "error": e.code}
	for k, v := range e.extra {
		out[k] = v
	}
	if len(e.messages) > 0 {
		out["response_metadata"] = Object{"messages": e.messages}
		if out["errors"] == nil {
			out["errors"] = e.messages
		}
	}
	return out
}

// replyFault answers with the fault instead of doing anything.
func (w *Workspace) replyFault(rw http.ResponseWriter, c *call, f Fault) {
	status, code := http.StatusOK, f.Error
	or(&code, "internal_error")
	if f.Status != 0 {
		status = f.Status
	}
	if f.RetryAfter > 0 {
		rw.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		if f.Status == 0 {
			status = http.StatusTooManyRequests
		}
		if f.Error == "" {
			code = "ratelimited"
		}
	}
	w.finish(rw, c, status, Object{"ok": false, "error": code})
}

// replyAfterEffect hides that the call was done.
func (w *Workspace) replyAfterEffect(rw http.ResponseWriter, c *call, f Fault) {
	if f.Error != "" || f.Status != 0 || f.RetryAfter != 0 {
		w.replyFault(rw, c, f)
		return
	}
	w.journal.add(Entry{Kind: "api", Method: c.method, Data: string(marshal(c.args)), Flags: []string{"reply_lost"}})
	panic(http.ErrAbortHandler)
}
