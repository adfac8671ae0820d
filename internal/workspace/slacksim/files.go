package slacksim

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// upload is a file on its way, or one that has arrived.
type upload struct {
	id, name, title string
	want            int
	data            []byte
	arrived         bool
	shared          bool
	user            string // who gave it to a form; empty: the app's own
}

func (w *Workspace) uploadURL(c *call) (Object, error) {
	size, err := strconv.Atoi(c.str("length"))
	if c.str("filename") == "" || err != nil || size <= 0 {
		return nil, failWith("invalid_arguments", "[ERROR] filename and a positive length are required")
	}
	u := &upload{id: w.newID("F"), name: path.Base(c.str("filename")), want: size}
	w.uploads[u.id] = u
	return Object{"upload_url": "http://" + c.req.Host + "/upload/" + u.id, "file_id": u.id}, nil
}

// serveUpload takes the bytes of a file.
func (w *Workspace) serveUpload(rw http.ResponseWriter, r *http.Request) {
	id := strings.TrimPrefix(r.URL.Path, "/upload/")
	data, err := readUpload(r)
	w.mu.Lock()
	u := w.uploads[id]
	good := err == nil && u != nil && len(data) == u.want
	if good {
		u.data, u.arrived = data, true
	}
	w.mu.Unlock()
	status := http.StatusOK
	if !good {
		status = http.StatusBadRequest
	}
	if f, faulty := w.faults.take("upload"); faulty {
		status = f.Status
		or(&status, http.StatusInternalServerError)
	}
	w.journal.add(Entry{Kind: "upload", Method: "upload", Status: status, Data: `{"file":"` + id + `","bytes":` + strconv.Itoa(len(data)) + `}`})
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, "OK - "+strconv.Itoa(len(data)))
}

func readUpload(r *http.Request) ([]byte, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return io.ReadAll(io.LimitReader(r.Body, 64<<20))
	}
	if err := r.ParseMultipartForm(64 << 20); err != nil {
		return nil, err
	}
	for _, files := range r.MultipartForm.File {
		f, err := files[0].Open()
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(f)
	}
	return nil, http.ErrMissingFile
}

func (w *Workspace) completeUpload(c *call) (Object, error) {
	v, err := c.data("files")
	refs := list(v)
	if err != nil || len(refs) == 0 {
		return nil, failWith("invalid_arguments", "[ERROR] missing required field: files")
	}
	var done []*upload
	for _, ref := range refs {
		u := w.uploads[text(object(ref)["id"])]
		if u == nil || !u.arrived {
			return nil, fail("file_not_found")
		}
		u.title = text(object(ref)["title"])
		or(&u.title, u.name)
		done = append(done, u)
	}
	var files []Object
	for _, u := range done {
		u.shared = true
		files = append(files, w.file(u, c.req.Host))
	}
	if c.str("channel_id") == "" {
		return Object{"files": files}, nil
	}
	return Object{"files": files}, w.share(c, files)
}

// share posts the message that carries uploaded files.
func (w *Workspace) share(c *call, files []Object) error {
	ch := w.channel(c.str("channel_id"))
	if err := w.mayWrite(ch); err != nil {
		return err
	}
	m := w.botMessage(content{body: w.sanitize(c.str("initial_comment"), c)})
	m.Files, m.ThreadTS = files, c.str("thread_ts")
	w.add(ch, m)
	return nil
}

func (w *Workspace) file(u *upload, host string) Object {
	link := "http://" + host + "/files/" + u.id + "/" + u.name
	return Object{
		"id": u.id, "name": u.name, "title": u.title, "size": len(u.data), "mode": "hosted", "created": w.now().Unix(),
		"mimetype": fileKind(u.name), "filetype": strings.TrimPrefix(path.Ext(u.name), "."), "user": u.owner(w.opt.App.BotUserID),
		"url_private": link, "url_private_download": link, "permalink": link,
	}
}

func fileKind(name string) string {
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind
	}
	return "text/plain; charset=utf-8"
}

func (u *upload) owner(bot string) string {
	if u.user != "" {
		return u.user
	}
	return bot
}

// givenFiles are the files that a person puts into a file_input: each the id of one that is there, or an object with
// its name and content.
func (w *Workspace) givenFiles(by *User, raw any) (any, error) {
	given := []any{}
	for _, one := range many(raw) {
		o := object(one)
		id, known := one.(string)
		if text(o["id"]) != "" {
			id, known = text(o["id"]), true
		}
		u := w.uploads[id]
		switch name := path.Base(text(o["name"])); {
		case known && u == nil:
			return nil, fmt.Errorf("there is no file %q", id)
		case known:
		case text(o["name"]) == "":
			return nil, errors.New("a file needs a name and content")
		default:
			u = &upload{id: w.newID("F"), name: name, title: name, data: []byte(text(o["content"])), arrived: true, shared: true, user: by.ID}
			w.uploads[u.id] = u
		}
		given = append(given, w.file(u, strings.TrimPrefix(w.base, "http://")))
	}
	return given, nil
}

// serveFile hands out an uploaded file. One that a person gave is for the app's token alone; anybody else gets the
// page on which one signs in.
func (w *Workspace) serveFile(rw http.ResponseWriter, r *http.Request) {
	id, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/files/"), "/")
	w.mu.Lock()
	u := w.uploads[id]
	found := u != nil && u.shared
	private := found && u.user != "" && (r.Header.Get("Authorization") != "Bearer "+w.opt.App.BotToken || w.scoped("files:read") != nil)
	w.mu.Unlock()
	if !found {
		http.NotFound(rw, r)
		return
	}
	if private {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(rw, "<!DOCTYPE html><title>Sign in</title>")
		return
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = rw.Write(u.data)
}

// File returns the content of an uploaded file.
func (w *Workspace) File(id string) ([]byte, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.uploads[id]
	if u == nil || !u.shared {
		return nil, false
	}
	return append([]byte(nil), u.data...), true
}
