// Package quorum seats people: each place of a quorum is taken by one person who may take it, and nobody takes
// two. It knows no groups and no votes; places and people are numbers.
package quorum

// Seats says who sits where: for each kind of place the people who took one, by their number in order.
type Seats [][]int

// Fill seats as many people as can be seated. Of place i there are places[i]; person p may take any place in
// people[p], and takes one at most. Those who come first keep a seat whoever comes later, though they may be
// moved to another place so that more can sit (Kuhn's augmenting paths).
func Fill(places []int, people [][]int) Seats {
	f := filling{places: places, people: people, seats: make(Seats, len(places))}
	for p := range people {
		f.seat(p, make([]bool, len(places)))
	}
	return f.seats
}

type filling struct {
	places []int
	people [][]int
	seats  Seats
}

// seat finds a place for somebody, moving others if need be.
func (f *filling) seat(person int, tried []bool) bool {
	for _, place := range f.people[person] {
		if place < 0 || place >= len(f.places) || tried[place] {
			continue
		}
		tried[place] = true
		if len(f.seats[place]) < f.places[place] {
			f.seats[place] = append(f.seats[place], person)
			return true
		}
		for i, other := range f.seats[place] {
			if f.seat(other, tried) {
				f.seats[place][i] = person
				return true
			}
		}
	}
	return false
}

// Taken counts the seats that are taken.
func (s Seats) Taken() int {
	n := 0
	for _, seated := range s {
		n += len(seated)
	}
	return n
}

// Full reports whether every place is taken.
func (s Seats) Full(places []int) bool {
	for i, n := range places {
		if len(s[i]) < n {
			return false
		}
	}
	return true
}
