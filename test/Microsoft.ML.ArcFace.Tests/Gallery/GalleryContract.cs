using static Microsoft.ML.ArcFace.Tests.Gallery.GalleryVectors;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>What holds for every gallery, wherever it keeps people.</summary>
internal static class GalleryContract
{
    /// <summary>Uses an empty gallery of <see cref="GalleryVectors.TestModel"/> with a threshold of 0.5.</summary>
    public static async Task CheckAsync(IFaceGallery gallery)
    {
        Assert.AreEqual(TestModel, gallery.Model);
        Assert.AreEqual(IdentificationOutcome.Unknown, (await gallery.IdentifyAsync(At(0))).Outcome);
        Assert.AreEqual(0, await gallery.CountVectorsAsync());

        IReadOnlyList<FaceEnrollment> enrolled = await gallery.EnrollAsync(
            [new FaceToEnroll("ada", At(0)) { Source = "a.jpg" }, new FaceToEnroll("ada", At(10)) { Name = "Ada Lovelace" }, new FaceToEnroll("bob", At(90))]);
        Assert.IsTrue(enrolled.All(one => one is { Outcome: EnrollmentOutcome.Enrolled, SameSource.Count: 0 }));
        CollectionAssert.AreEqual(new[] { "ada", "ada", "bob" }, enrolled.Select(one => one.PersonId).ToArray());
        GalleryPhotograph[] photographs = [.. enrolled.Select(one => one.Photograph)];
        Assert.AreEqual(3, await gallery.CountVectorsAsync());
        FaceIdentification who = await gallery.IdentifyAsync(At(3));
        Assert.AreEqual((IdentificationOutcome.Match, "ada", "Ada Lovelace", "bob"), (who.Outcome, who.Person?.PersonId, who.Person?.Name, who.RunnerUp?.PersonId));
        Assert.AreEqual(Math.Cos(3 * Math.PI / 180), who.Person!.Score, 1e-6);
        Assert.AreEqual(photographs[0], who.Person.Photograph);
        Assert.AreEqual("a.jpg", who.Person.Photograph!.Source);
        Assert.AreEqual(IdentificationOutcome.Ambiguous, (await gallery.IdentifyAsync(At(50))).Outcome);
        Assert.AreEqual(IdentificationOutcome.Unknown, (await gallery.IdentifyAsync(At(200))).Outcome);

        // A person with many photographs hides nobody.
        await gallery.EnrollAsync([.. Enumerable.Range(0, 60).Select(i => new FaceToEnroll("cleo", At(200 + (i * 0.1))))]);
        IReadOnlyList<FaceCandidate> nearest = await gallery.SearchAsync(At(203), 3);
        CollectionAssert.AreEqual(new[] { "cleo", "bob", "ada" }, nearest.Select(person => person.PersonId).ToArray());
        Assert.HasCount(60, (await gallery.FindAsync("cleo"))!.Photographs);

        await RefusesAsync(new FaceToEnroll("ada", At(0)) { Name = "Alan" }, "called 'Ada Lovelace'");
        await RefusesAsync(new FaceToEnroll("dora", [1, 2]), "2 numbers");
        await RefusesAsync(new FaceToEnroll("", At(0)), "PersonId");
        foreach (string illFormed in new[] { "\uD800", "a\uDC00b", "\uDC00\uD800", "Jose\u0301\uD83D" })
        {
            await RefusesAsync(new FaceToEnroll(illFormed, At(1)), "PersonId");
            await RefusesAsync(new FaceToEnroll("fay", At(1)) { Name = illFormed }, "Name");
            await RefusesAsync(new FaceToEnroll("fay", At(1)) { Source = illFormed }, "Source");
            await Assert.ThrowsExactlyAsync<ArgumentException>(() => gallery.RenameAsync("bob", illFormed));
            Assert.IsNull(await gallery.FindAsync(illFormed));
            Assert.IsFalse(await gallery.RemoveAsync(illFormed) || await gallery.RenameAsync(illFormed, "x") || await gallery.RemovePhotographAsync(illFormed));
        }

        Assert.AreEqual(63, await gallery.CountVectorsAsync());
        Assert.IsNull(await gallery.FindAsync("eve"), "All or nothing.");

        Assert.IsTrue(await gallery.RenameAsync("bob", "Robert"));
        Assert.IsFalse(await gallery.RenameAsync("nobody", "x"));
        Assert.AreEqual("Robert", (await gallery.SearchAsync(At(91)))[0].Name);
        Assert.IsTrue(await gallery.RemovePhotographAsync(photographs[0].Id));
        Assert.IsFalse(await gallery.RemovePhotographAsync(photographs[0].Id));
        Assert.IsFalse(await gallery.RemovePhotographAsync("nothing"));
        GalleryPerson ada = (await gallery.FindAsync("ada"))!;
        CollectionAssert.AreEqual(new[] { photographs[1] }, ada.Photographs.ToArray());
        Assert.IsTrue(await gallery.RemovePhotographAsync(photographs[1].Id));
        Assert.IsNull(await gallery.FindAsync("ada"), "With the last photograph goes the person.");
        Assert.IsTrue(await gallery.RemoveAsync("cleo"));
        Assert.IsFalse(await gallery.RemoveAsync("cleo"));
        Assert.AreEqual(1, await gallery.CountVectorsAsync());
        Assert.AreEqual("bob", (await gallery.SearchAsync(At(200), 10)).Single().PersonId);
        Assert.IsTrue(await gallery.RemoveAsync("bob"));
        await CheckEnrollingAgainAsync(gallery);
        await CheckReplacingAsync(gallery);
        await CheckReplacingAllAsync(gallery);
        await CheckModelAsync(gallery);
        await CheckUnicodeFormsAsync(gallery);

        async Task RefusesAsync(FaceToEnroll face, string because) => StringAssert.Contains(
            (await Assert.ThrowsExactlyAsync<ArgumentException>(() => gallery.EnrollAsync([new FaceToEnroll("eve", At(1)), face]))).Message, because);
    }

    /// <summary>Whatever was enrolled already changes nothing, whether it comes in a call of its own or twice in one.</summary>
    private static async Task CheckEnrollingAgainAsync(IFaceGallery gallery)
    {
        FaceToEnroll first = new("dora", At(0)) { Source = "image.jpg" }, second = new("dora", At(20)) { Source = "image.jpg" };
        IReadOnlyList<FaceEnrollment> twice = await gallery.EnrollAsync([first, first, new FaceToEnroll("dora", [.. At(0).Select(value => value * 3)]) { Source = "copy.jpg" }]);
        CollectionAssert.AreEqual(new[] { EnrollmentOutcome.Enrolled, EnrollmentOutcome.AlreadyThere, EnrollmentOutcome.AlreadyThere }, OutcomesOf(twice));
        Assert.AreEqual(1, twice.Select(one => one.Photograph).Distinct().Count(), "All three are the one photograph that is kept.");
        Assert.AreEqual(1, await gallery.CountVectorsAsync());

        FaceEnrollment again = (await gallery.EnrollAsync([first])).Single();
        Assert.AreEqual((EnrollmentOutcome.AlreadyThere, twice[0].Photograph), (again.Outcome, again.Photograph));
        FaceEnrollment almost = (await gallery.EnrollAsync([new FaceToEnroll("dora", At(0.07))])).Single();
        Assert.AreEqual(EnrollmentOutcome.AlreadyThere, almost.Outcome, "The cosine of 0.07° is 1 - 7.5e-7.");
        Assert.AreEqual(EnrollmentOutcome.Enrolled, (await gallery.EnrollAsync([new FaceToEnroll("twin", At(0))])).Single().Outcome, "Another person has photographs of their own.");
        Assert.IsTrue(await gallery.RemoveAsync("twin"));

        // Another photograph under a name that was there: told, and kept beside it.
        FaceEnrollment other = (await gallery.EnrollAsync([second])).Single();
        Assert.AreEqual((EnrollmentOutcome.Enrolled, twice[0].Photograph), (other.Outcome, other.SameSource.Single()));
        Assert.AreEqual(EnrollmentOutcome.AlreadyThere, (await gallery.EnrollAsync([second])).Single().Outcome);
        Assert.AreEqual(2, await gallery.CountVectorsAsync());
        Assert.HasCount(2, (await gallery.FindAsync("dora"))!.Photographs);
    }

    /// <summary>A photograph takes the place of the older ones of its source, of its person alone, and doing so again changes nothing.</summary>
    private static async Task CheckReplacingAsync(IFaceGallery gallery)
    {
        await gallery.EnrollAsync([new FaceToEnroll("dora", At(120)) { Source = "other.jpg" }, new FaceToEnroll("twin", At(240)) { Source = "image.jpg" }]);
        FaceToEnroll[] newer = [new("dora", At(40)) { Source = "image.jpg" }, new("dora", At(60)) { Source = "image.jpg" }];
        IReadOnlyList<FaceEnrollment> replaced = await gallery.EnrollAsync(newer, replaceSameSource: true);
        CollectionAssert.AreEqual(new[] { EnrollmentOutcome.Replaced, EnrollmentOutcome.Enrolled }, OutcomesOf(replaced), "Those of one call do not replace each other.");
        Assert.HasCount(2, replaced[0].SameSource);
        GalleryPerson dora = (await gallery.FindAsync("dora"))!;
        CollectionAssert.AreEquivalent(new[] { "other.jpg", "image.jpg", "image.jpg" }, dora.Photographs.Select(photograph => photograph.Source).ToArray());
        Assert.IsFalse(dora.Photographs.Intersect(replaced[0].SameSource).Any());
        Assert.AreEqual(4, await gallery.CountVectorsAsync());
        Assert.AreEqual(Math.Cos(40 * Math.PI / 180), (await gallery.SearchAsync(At(0), 1)).Single().Score, 1e-6, "The old vectors are gone.");

        CollectionAssert.AreEqual(new[] { EnrollmentOutcome.AlreadyThere, EnrollmentOutcome.AlreadyThere }, OutcomesOf(await gallery.EnrollAsync(newer, replaceSameSource: true)));
        Assert.AreEqual(4, await gallery.CountVectorsAsync());

        // One that is there already replaces the others of its source, too.
        FaceEnrollment only = (await gallery.EnrollAsync([newer[1]], replaceSameSource: true)).Single();
        Assert.AreEqual((EnrollmentOutcome.Replaced, replaced[1].Photograph, replaced[0].Photograph), (only.Outcome, only.Photograph, only.SameSource.Single()));
        Assert.AreEqual(3, await gallery.CountVectorsAsync());
        Assert.HasCount(1, (await gallery.FindAsync("twin"))!.Photographs);
    }

    /// <summary>All photographs of a person are exchanged at once, and everybody is listed.</summary>
    private static async Task CheckReplacingAllAsync(IFaceGallery gallery)
    {
        int before = await gallery.CountVectorsAsync();
        await gallery.EnrollAsync([new FaceToEnroll("finn", At(150)) { Name = "Finn" }, new FaceToEnroll("finn", At(155))]);
        IReadOnlyList<GalleryPhotograph> kept = await gallery.ReplacePhotographsAsync("finn", [new FaceToEnroll("finn", At(160)) { Source = "new.jpg" }]);
        Assert.AreEqual(before + 1, await gallery.CountVectorsAsync());
        GalleryPerson finn = (await gallery.FindAsync("finn"))!;
        Assert.AreEqual(("Finn", kept.Single()), (finn.Name, finn.Photographs.Single()));
        Assert.AreEqual(("finn", "new.jpg"), (await gallery.SearchAsync(At(160), 1)).Select(face => (face.PersonId, face.Photograph!.Source!)).Single());
        await Assert.ThrowsExactlyAsync<ArgumentException>(() => gallery.ReplacePhotographsAsync("nobody", [new FaceToEnroll("nobody", At(0))]));
        await Assert.ThrowsExactlyAsync<ArgumentException>(() => gallery.ReplacePhotographsAsync("finn", []));
        await Assert.ThrowsExactlyAsync<ArgumentException>(() => gallery.ReplacePhotographsAsync("finn", [new FaceToEnroll("dora", At(0))]));
        await Assert.ThrowsExactlyAsync<ArgumentException>(() => gallery.ReplacePhotographsAsync("finn", [new FaceToEnroll("finn", At(0)) { Name = "Flynn" }]));

        List<GalleryPerson> people = await gallery.GetPeopleAsync().ToListAsync();
        Assert.AreEqual(before + 1, people.Sum(person => person.Photographs.Count));
        Assert.AreEqual(kept.Single(), people.Single(person => person.Id == "finn").Photographs.Single());
        Assert.IsTrue(await gallery.RemoveAsync("finn"));
    }

    /// <summary>Nothing of another model is enrolled, searched or exchanged, and the message names both models.</summary>
    private static async Task CheckModelAsync(IFaceGallery gallery)
    {
        FaceEmbedding own = gallery.Model.Embedding(At(0)), other = new(At(0), "fingerprint of another");
        int before = await gallery.CountVectorsAsync();
        Assert.AreEqual(EnrollmentOutcome.Enrolled, (await gallery.EnrollAsync([new FaceToEnroll("gil", own)])).Single().Outcome);
        Assert.AreEqual(1, (await gallery.SearchAsync(own, 1)).Single().Score, 1e-6);
        foreach (Func<Task> use in new Func<Task>[]
        {
            () => gallery.EnrollAsync([new FaceToEnroll("hal", own), new FaceToEnroll("hal", other)]),
            () => gallery.ReplacePhotographsAsync("gil", [new FaceToEnroll("gil", other)]),
            () => gallery.SearchAsync(other),
            () => gallery.IdentifyAsync(other),
        })
        {
            var error = await Assert.ThrowsExactlyAsync<FaceGalleryException>(use);
            Assert.AreEqual(FaceGalleryProblem.OtherModel, error.Problem);
            StringAssert.Contains(error.Message, "fingerprint of another");
            StringAssert.Contains(error.Message, TestModel.Fingerprint);
        }

        Assert.IsTrue(await gallery.RemoveAsync("gil"));
        Assert.AreEqual(before, await gallery.CountVectorsAsync());
    }

    /// <summary>A name is one person in whichever Unicode form it is written.</summary>
    private static async Task CheckUnicodeFormsAsync(IFaceGallery gallery)
    {
        const string composed = "Jos\u00E9", decomposed = "Jose\u0301";
        int before = await gallery.CountVectorsAsync();
        IReadOnlyList<FaceEnrollment> both = await gallery.EnrollAsync([new FaceToEnroll(decomposed, At(300)), new FaceToEnroll(composed, At(310)), new FaceToEnroll(decomposed, At(310))]);
        CollectionAssert.AreEqual(new[] { composed, composed, composed }, both.Select(one => one.PersonId).ToArray());
        CollectionAssert.AreEqual(new[] { EnrollmentOutcome.Enrolled, EnrollmentOutcome.Enrolled, EnrollmentOutcome.AlreadyThere }, OutcomesOf(both));
        Assert.AreEqual(EnrollmentOutcome.AlreadyThere, (await gallery.EnrollAsync([new FaceToEnroll(decomposed, At(300))])).Single().Outcome);
        Assert.AreEqual(before + 2, await gallery.CountVectorsAsync());
        Assert.HasCount(2, (await gallery.FindAsync(decomposed))!.Photographs);
        Assert.IsTrue(await gallery.RenameAsync(decomposed, "Joe"));
        Assert.AreEqual("Joe", (await gallery.FindAsync(composed))!.Name);
        Assert.IsTrue(await gallery.RemoveAsync(decomposed));
        Assert.IsNull(await gallery.FindAsync(composed));
    }

    private static EnrollmentOutcome[] OutcomesOf(IReadOnlyList<FaceEnrollment> results) => [.. results.Select(result => result.Outcome)];
}
