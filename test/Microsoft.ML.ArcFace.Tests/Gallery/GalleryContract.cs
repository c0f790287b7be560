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

        IReadOnlyList<GalleryPhotograph> photographs = await gallery.EnrollAsync(
            [new FaceToEnroll("ada", At(0)) { Source = "a.jpg" }, new FaceToEnroll("ada", At(10)) { Name = "Ada Lovelace" }, new FaceToEnroll("bob", At(90))]);
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

        async Task RefusesAsync(FaceToEnroll face, string because) => StringAssert.Contains(
            (await Assert.ThrowsExactlyAsync<ArgumentException>(() => gallery.EnrollAsync([new FaceToEnroll("eve", At(1)), face]))).Message, because);
    }
}
