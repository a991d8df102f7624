// What gofeed makes of documents, in the lines that `newsagg parse` prints.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/mmcdole/gofeed"
)

type item struct {
	Title string  `json:"title"`
	URL   string  `json:"url"`
	Date  *string `json:"date_published"`
}

func read(path string) (line map[string]interface{}) {
	line = map[string]interface{}{"file": path, "ok": false}
	// Some documents make it panic.
	defer func() {
		if cause := recover(); cause != nil {
			line["error"] = fmt.Sprint(cause)
		}
	}()
	data, err := os.ReadFile(path)
	if err != nil {
		line["error"] = err.Error()
		return
	}
	feed, err := gofeed.NewParser().Parse(bytes.NewReader(data))
	if err != nil {
		line["error"] = err.Error()
		return
	}
	items := []item{}
	for _, entry := range feed.Items {
		date := entry.PublishedParsed
		if date == nil {
			date = entry.UpdatedParsed
		}
		own := item{Title: entry.Title, URL: entry.Link}
		if date != nil {
			text := date.UTC().Format(time.RFC3339)
			own.Date = &text
		}
		items = append(items, own)
	}
	line["ok"], line["title"], line["items"] = true, feed.Title, items
	return
}

func main() {
	out := json.NewEncoder(os.Stdout)
	for _, path := range os.Args[1:] {
		out.Encode(read(path))
	}
}
