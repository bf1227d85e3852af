package demo

// userRow returns the columns of user_stats for a user.
func userRow(u uint64) []any {
	x := draw(userCountry, u, 1<<16)
	orders := drawPart(userOrders, u, 0, 5) * drawPart(userOrders, u, 1, 5)
	cents := orders * basketOf(u) * (80 + draw(userSpend, u, 41))
	age := 18 + drawPart(userAge, u, 0, 25) + drawPart(userAge, u, 1, 25) + drawPart(userAge, u, 2, 15)
	return []any{
		unless(draw(userAgeNull, u, 12) == 0, float32(age)),
		unless(draw(userCountryNull, u, 40) == 0, countries[x*x*uint64(len(countries))>>32]),
		unless(draw(userCard, u, 10) >= 7, tierOf(cents)),
		unless(draw(userSegmentNull, u, 10) == 0, segments[favouritesOf(u)[0]/department]),
		int64(orders),
		ratio(cents, 100),
		unless(orders == 0, float32(draw(userRecency, u, 90))),
		unless(draw(userTasteNull, u, 20) == 0, tasteOf(u)),
	}
}

// favouritesOf returns a user's favourite categories, which may repeat; the
// first counts most.
func favouritesOf(u uint64) (f [3]uint64) {
	for k := range f {
		f[k] = drawPart(favourite, u, uint64(k), categories)
	}
	return f
}

// tasteOf places a user among the categories they like.
func tasteOf(u uint64) []float32 {
	f := favouritesOf(u)
	first, second, third := centreOf(f[0]), centreOf(f[1]), centreOf(f[2])
	taste := make([]float32, dimensions)
	for d := range taste {
		noise := int64(drawPart(favouriteNoise, u, uint64(d), 129)) - 64
		taste[d] = ratio(3*first[d]+2*second[d]+third[d]+4*noise, 512)
	}
	return taste
}

// basketOf is what a user usually spends on one order, in euros.
func basketOf(u uint64) uint64 {
	return 10 + drawPart(userBasket, u, 0, 40) + drawPart(userBasket, u, 1, 20)*drawPart(userBasket, u, 2, 20)
}

// tierOf is the tier of a loyalty card after spending so many cents in 90 days.
func tierOf(cents uint64) string {
	switch {
	case cents < 100_00:
		return "bronze"
	case cents < 300_00:
		return "silver"
	case cents < 900_00:
		return "gold"
	default:
		return "platinum"
	}
}
