using static Microsoft.ML.ArcFace.Tests.Gallery.GalleryVectors;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

[TestClass]
public class EnrollmentReviewTests
{
    private static readonly FaceQuality Good = new() { Size = 120, Sharpness = 1, Brightness = 120, Yaw = 0, Pitch = 0, DetectionScore = 0.9 };

    [TestMethod]
    public async Task Enroll_Standard_RefusesPoorQualityAndAddsNothing()
    {
        using FaceGallery gallery = Open();
        FaceToEnroll good = Of("ada", 0), poor = Of("ada", 5, Good with { Size = 3, Sharpness = 0 }) with { Source = "a.jpg" };
        foreach (Func<Task> enroll in new Func<Task>[]
        {
            () => Task.Run(() => gallery.EnrollReviewed([good, poor], EnrollmentReview.Standard)), () => ((IFaceGallery)gallery).EnrollReviewedAsync([good, poor], EnrollmentReview.Standard),
        })
        {
            EnrollmentRefusedException refused = await Assert.ThrowsExactlyAsync<EnrollmentRefusedException>(enroll);
            Assert.AreEqual(poor, refused.Refused.Single().Face);
            StringAssert.Contains(refused.Message, "'a.jpg' of ada was refused: the face has 3 pixels a side");
            StringAssert.Contains(refused.Message, "it is blurred: its sharpness is 0.00");
        }

        Assert.AreEqual(0, gallery.PersonCount, "All or none.");
        Assert.HasCount(2, gallery.EnrollReviewed([good, poor], EnrollmentReview.Off));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => gallery.Review([good], (EnrollmentReview)9));
        StringAssert.Contains(Reasons(gallery, new FaceToEnroll("ada", At(0)), EnrollmentReview.Standard), "nothing is known");
        Assert.AreEqual("accepted", Reasons(gallery, poor, EnrollmentReview.Standard, new FaceQualityLimits { MinimumSize = 1, MinimumSharpness = 0 }));
    }

    [TestMethod]
    public void Review_Strict_ComparesWithTheOwnPhotographsAndThoseOfOthers()
    {
        using FaceGallery gallery = Open();
        gallery.Enroll([new FaceToEnroll("ada", At(0)) { Name = "Ada Lovelace" }, new FaceToEnroll("bob", At(90))]);
        Assert.AreEqual("accepted", Reasons(gallery, Of("ada", 40)));
        StringAssert.Contains(Reasons(gallery, Of("ada", 50)), "nearer to bob (a cosine of 0.766) than to the other photographs of ada (0.643)");
        Assert.AreEqual("accepted", Reasons(gallery, Of("ada", 50), EnrollmentReview.Standard), "Only a strict review compares.");
        Assert.AreEqual("accepted", Reasons(gallery, Of("eve", 160)));
        StringAssert.Contains(Reasons(gallery, Of("eve", 20)), "eve is new, and the face would be taken for Ada Lovelace: a cosine of 0.940, where over 0.500");
    }

    [TestMethod]
    public void Review_Strict_PhotographsOfOneCallStandForTheirPeople()
    {
        using FaceGallery gallery = Open();
        IReadOnlyList<EnrollmentVerdict> verdicts = gallery.Review([Of("ada", 0), Of("ada", 10), Of("bob", 90), Of("bob", 100), Of("bob", 12)], EnrollmentReview.Strict);
        CollectionAssert.AreEqual(new[] { true, false, true, true, false }, verdicts.Select(verdict => verdict.IsAccepted).ToArray(), "One of Bob's is Ada, and Ada's second is nearer to it than to her first.");
        StringAssert.Contains(verdicts[4].ToString(), "nearer to ada");
    }

    [TestMethod]
    public void Review_Strict_PersonFarDownTheList_IsKnownAllTheSame()
    {
        using FaceGallery gallery = Open();
        gallery.Enroll([new FaceToEnroll("ada", At(180)), .. Enumerable.Range(0, 20).Select(i => new FaceToEnroll($"p{i}", At(i)))]);
        StringAssert.Contains(Reasons(gallery, Of("ada", 5)), "and 15 others than to the other photographs of ada");
    }

    [TestMethod]
    public void Review_Strict_SecondFaceOfComparableSize_IsRefused()
    {
        using FaceGallery gallery = Open();
        FaceToEnroll Beside(float side) => new("ada", new FaceEmbedding(At(0), TestModel.Fingerprint) { Quality = Good, Faces = [new FaceBox(0, 0, 100, 100), new FaceBox(200, 0, side, side)] });
        StringAssert.Contains(Reasons(gallery, Beside(80)), "it shows 2 faces, and beside the one of 100×100 pixels another of 80×80");
        Assert.AreEqual("accepted", Reasons(gallery, Beside(60)), "A bystander.");
        Assert.AreEqual("accepted", Reasons(gallery, Beside(80), EnrollmentReview.Standard));
    }

    private static string Reasons(FaceGallery gallery, FaceToEnroll face, EnrollmentReview review = EnrollmentReview.Strict, FaceQualityLimits? limits = null) => gallery.Review([face], review, limits)[0].ToString();

    private static FaceToEnroll Of(string person, double degrees, FaceQuality? quality = null) => new(person, new FaceEmbedding(At(degrees), TestModel.Fingerprint) { Quality = quality ?? Good });
}
