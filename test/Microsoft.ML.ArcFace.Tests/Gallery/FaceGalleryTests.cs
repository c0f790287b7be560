using Microsoft.Extensions.Logging;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using static Microsoft.ML.ArcFace.Tests.Gallery.GalleryVectors;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

[TestClass]
public class FaceGalleryTests
{
    [TestMethod]
    public void Identify_ByAngles_TellsMatchUnknownAndAmbiguous()
    {
        // Ada at 0° and 20°, Bob at 90°; 60° from a photograph is the threshold.
        using FaceGallery gallery = Open(options: new FaceGalleryOptions { CosineThreshold = 0.5, AmbiguityMargin = 0.05 });
        gallery.Enroll("ada", At(0), "Ada Lovelace", "ada/1.jpg");
        GalleryPhotograph second = gallery.Enroll("ada", At(20), source: "ada/2.jpg").Photograph;
        gallery.Enroll("bob", At(90));

        FaceIdentification match = gallery.Identify(At(25));
        Assert.AreEqual(IdentificationOutcome.Match, match.Outcome);
        Assert.AreEqual(("ada", "Ada Lovelace", "bob"), (match.Person!.PersonId, match.Person.Name, match.RunnerUp!.PersonId));
        Assert.AreEqual(second, match.Person.Photograph);
        Assert.AreEqual(Math.Cos(5 * Math.PI / 180), match.Person.Score, 1e-6);
        Assert.AreEqual(Math.Cos(5 * Math.PI / 180) - Math.Cos(65 * Math.PI / 180), match.Margin!.Value, 1e-6);

        FaceIdentification stranger = gallery.Identify(At(-61));
        Assert.AreEqual(IdentificationOutcome.Unknown, stranger.Outcome);
        Assert.IsNull(stranger.Person);
        Assert.AreEqual("ada", stranger.Nearest!.PersonId);

        FaceIdentification between = gallery.Identify(At(55));
        Assert.AreEqual(IdentificationOutcome.Ambiguous, between.Outcome);
        Assert.IsNull(between.Person);
        Assert.AreEqual(0, between.Margin!.Value, 1e-6);
        StringAssert.Contains(between.ToString(), "Ambiguous");
    }

    [TestMethod]
    public void Identify_AtTheThreshold_IsUnknown()
    {
        using FaceGallery gallery = Open(options: new FaceGalleryOptions { CosineThreshold = 1 });
        gallery.Enroll("ada", At(0));
        Assert.AreEqual(IdentificationOutcome.Unknown, gallery.Identify(At(0)).Outcome);
    }

    [TestMethod]
    public void Identify_EmptyGalleryOrOnePerson_HasNoRunnerUp()
    {
        using FaceGallery gallery = Open();
        FaceIdentification nobody = gallery.Identify(At(0));
        Assert.AreEqual((IdentificationOutcome.Unknown, null), (nobody.Outcome, nobody.Nearest));
        StringAssert.Contains(nobody.ToString(), "empty");
        gallery.Enroll("ada", At(0));
        FaceIdentification ada = gallery.Identify(At(10));
        Assert.AreEqual((IdentificationOutcome.Match, null, default(double?)), (ada.Outcome, ada.RunnerUp, ada.Margin));
    }

    [TestMethod]
    public void Identify_ByTheMean_ComparesWithOneVectorAPerson()
    {
        using FaceGallery gallery = Open(options: new FaceGalleryOptions { Aggregation = PersonAggregation.MeanOfPhotographs });
        GalleryPhotograph first = gallery.Enroll("ada", At(0)).Photograph;
        gallery.Enroll("ada", At(40));
        gallery.Enroll("bob", At(120));
        FaceCandidate ada = gallery.Search(At(20))[0];
        Assert.AreEqual(("ada", null), (ada.PersonId, ada.Photograph));
        Assert.AreEqual(1, ada.Score, 1e-6);
        Assert.IsTrue(gallery.RemovePhotograph(first.Id));
        Assert.AreEqual(Math.Cos(20 * Math.PI / 180), gallery.Search(At(20))[0].Score, 1e-6);
        Assert.IsTrue(gallery.Remove("ada"));
        Assert.AreEqual("bob", gallery.Search(At(20)).Single().PersonId);
    }

    [TestMethod]
    public void Threshold_OfTheModel_RisesWithTheGallery()
    {
        VerificationThreshold calibrated = VerificationThreshold.FromJson(
            """{"curve":{"target_false_match_rate":0.01,"genuine_pair_count":1000,"impostor_pair_count":10000,"person_count":100,"measured":[{"false_match_rate":0.01,"cosine":0.3,"lower":0.29,"upper":0.31,"false_non_match_rate":0.01},{"false_match_rate":0.005,"cosine":0.35,"lower":0.34,"upper":0.36,"false_non_match_rate":0.02},{"false_match_rate":0.001,"cosine":0.5,"lower":0.45,"upper":0.55,"false_non_match_rate":0.1}],"extrapolated":[{"false_match_rate":1e-9,"cosine":0.9,"lower":0.8,"upper":1,"false_non_match_rate":0.5}]},"gallery_size":1}""");
        using FaceGallery gallery = new MLContext().FaceRecognition().CreateGalleryFor(TestModel with { Threshold = calibrated });
        Assert.AreEqual(0.3, gallery.CosineThreshold);
        gallery.Enroll("ada", At(0));
        Assert.AreEqual(0.3, gallery.CosineThreshold);

        // Two photographs are two chances for a stranger: 1 − (1 − 0.00501)² = 0.01.
        gallery.Enroll("ada", At(5));
        Assert.AreEqual(0.35, gallery.CosineThreshold);
        Assert.AreEqual(0.35, gallery.Identify(At(0)).Threshold);
        for (int person = 0; person < 8; person++)
        {
            gallery.Enroll($"{person}", At(90 + person));
        }

        Assert.AreEqual(calibrated.ForGallerySize(10).Cosine, gallery.CosineThreshold);
        Assert.AreEqual(0.5, gallery.CosineThreshold);
    }

    [TestMethod]
    public void Identify_WithoutAnyThreshold_RefusesAndSaysHow()
    {
        using FaceGallery gallery = new MLContext().FaceRecognition().CreateGalleryFor(TestModel);
        gallery.Enroll("ada", At(0));
        Assert.HasCount(1, gallery.Search(At(3)));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => gallery.Identify(At(3))).Message, "CalibrateThreshold");
    }

    [TestMethod]
    public void Enroll_WhatCannotBeKept_IsRefusedAndNothingIsAdded()
    {
        using FaceGallery gallery = Open();
        gallery.Enroll("ada", At(0), "Ada");
        Refuses(new FaceToEnroll("bob", [1, 2, 3]), "3 numbers; those of the gallery's model have 16");
        Refuses(new FaceToEnroll("bob", new float[Size]), "zero or not a number");
        Refuses(new FaceToEnroll("bob", [.. At(0)[1..], float.NaN]) { Source = "b.jpg" }, "b.jpg");
        Refuses(new FaceToEnroll(" ", At(0)), "PersonId is ' '");
        Refuses(new FaceToEnroll("bob", At(0)) { Name = "" }, "Name is ''");
        Refuses(new FaceToEnroll("ada", At(0)) { Name = "Alan" }, "called 'Ada'");
        Assert.ThrowsExactly<ArgumentNullException>(() => gallery.Enroll([null!]));
        Assert.ThrowsExactly<ArgumentException>(() => gallery.Identify([1]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => gallery.Search(At(0), 0));
        Assert.AreEqual((1, 1), (gallery.PersonCount, gallery.PhotographCount));

        void Refuses(FaceToEnroll face, string because) =>
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => gallery.Enroll([new FaceToEnroll("cleo", At(1)), face])).Message, because);
    }

    [TestMethod]
    public void Options_OutOfRange_AreReportedAtOnce()
    {
        var options = new FaceGalleryOptions { CosineThreshold = 2, AmbiguityMargin = double.NaN, MaxDegreeOfParallelism = 0, EncryptionKey = new byte[16], Aggregation = (PersonAggregation)9 };
        ArgumentOutOfRangeException error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MLContext().FaceRecognition().CreateGalleryFor(TestModel, null, options));
        Assert.AreEqual("options", error.ParamName);
        foreach (string name in new[] { "CosineThreshold", "AmbiguityMargin", "MaxDegreeOfParallelism", "EncryptionKey has 16 bytes", "Aggregation", "but no path" })
        {
            StringAssert.Contains(error.Message, name);
        }
    }

    [TestMethod]
    public async Task Model_OutOfRange_IsReportedAsTheModel()
    {
        var model = new FaceGalleryModel("", 0);
        foreach (Func<Task> open in new Func<Task>[]
        {
            () => Task.FromResult(new MLContext().FaceRecognition().CreateGalleryFor(model)), () => Task.FromResult(FaceGallery.CreateInMemory(model)), () => Task.FromResult(FaceGallery.Open("people.gallery", model)),
            () => Postgres.PostgresFaceGallery.OpenAsync("Host=/nowhere", model), () => VectorStoreFaceGallery.OpenAsync(new MemoryCollection<Guid>(), model),
        })
        {
            ArgumentOutOfRangeException error = await Assert.ThrowsExactlyAsync<ArgumentOutOfRangeException>(open);
            Assert.AreEqual("model", error.ParamName);
            StringAssert.Contains(error.Message, "Fingerprint is empty");
            StringAssert.Contains(error.Message, "EmbeddingSize is 0");
        }
    }

    [TestMethod]
    public void Changes_OfPeople_AreSeenAndKept()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.FullName, "people.gallery");
        GalleryPerson[] before;
        using (FaceGallery gallery = Open(path))
        {
            gallery.Enroll([new FaceToEnroll("ada", At(0)), new FaceToEnroll("bob", At(50)) { Source = "b.jpg" }, new FaceToEnroll("ada", At(5)) { Name = "Ada \"the\" Ünal <1>" }]);
            gallery.Enroll("cleo", At(100));
            Assert.IsTrue(gallery.Rename("bob", "Robert"));
            Assert.IsFalse(gallery.Rename("nobody", "x"));
            gallery.ReplacePhotographs("cleo", [new FaceToEnroll("cleo", At(110)), new FaceToEnroll("cleo", At(115))]);
            Assert.IsTrue(gallery.RemovePhotograph(gallery.Find("ada")!.Photographs[0].Id));
            Assert.IsFalse(gallery.RemovePhotograph("nothing"));
            gallery.Enroll("dora", At(200));
            Assert.IsTrue(gallery.RemovePhotograph(gallery.Find("dora")!.Photographs.Single().Id), "With the last photograph goes the person.");
            Assert.IsNull(gallery.Find("dora"));
            Assert.AreEqual(0, gallery.Remove(["dora", "nobody"]));
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => gallery.ReplacePhotographs("dora", [new FaceToEnroll("dora", At(0))])).Message, "no person 'dora'");
            Assert.ThrowsExactly<ArgumentException>(() => gallery.ReplacePhotographs("ada", []));
            Assert.ThrowsExactly<ArgumentException>(() => gallery.ReplacePhotographs("ada", [new FaceToEnroll("bob", At(0))]));
            before = [.. gallery.GetPeople()];
        }

        using FaceGallery again = Open(path);
        GalleryPerson[] after = [.. again.GetPeople()];
        CollectionAssert.AreEqual(new[] { "ada", "bob", "cleo" }, after.Select(person => person.Id).ToArray());
        CollectionAssert.AreEqual(new[] { "Ada \"the\" Ünal <1>", "Robert", "cleo" }, after.Select(person => person.Name).ToArray());
        CollectionAssert.AreEqual(new[] { 1, 1, 2 }, after.Select(person => person.Photographs.Count).ToArray());
        CollectionAssert.AreEqual(before.SelectMany(person => person.Photographs).ToArray(), after.SelectMany(person => person.Photographs).ToArray());
        Assert.AreEqual(("b.jpg", TimeSpan.Zero), (after[1].Photographs[0].Source, after[1].Photographs[0].EnrolledAt.Offset));
        Assert.AreEqual(Math.Cos(Math.PI / 36), again.Search(At(105))[0].Score, 1e-6, "110° is the nearest photograph.");
    }

    [TestMethod]
    public async Task EnrollFrom_AView_LeavesOutWhatCannotBeUsed()
    {
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(new[]
        {
            new Row { Label = "ada", Embedding = At(0), RelativePath = "ada/1.jpg" }, new Row { Label = "ada", Embedding = At(10), RelativePath = "ada/2.jpg" },
            new Row { Label = "bob", Embedding = At(90) }, new Row { Label = "bob", Embedding = new float[Size] }, new Row { Label = "", Embedding = At(7) },
        });
        var warnings = new List<string>();
        ml.Log += (_, line) => warnings.Add(line.Message);
        using FaceGallery gallery = ml.FaceRecognition().CreateGalleryFor(TestModel);
        Assert.AreEqual(new EnrollmentSummary(2, 3, 2), gallery.EnrollFrom(data, sourceColumnName: "RelativePath"));
        CollectionAssert.AreEqual(new[] { "ada/1.jpg", "ada/2.jpg" }, gallery.Find("ada")!.Photographs.Select(photograph => photograph.Source).ToArray());
        Assert.IsTrue(warnings.Any(line => line.Contains("2 rows have no label", StringComparison.Ordinal)));
        warnings.Clear();
        Assert.AreEqual(2, (await ((IFaceGallery)gallery).EnrollFromAsync(data, sourceColumnName: "RelativePath")).UnusableCount);
        Assert.IsTrue(warnings.Any(line => line.Contains("2 rows have no label", StringComparison.Ordinal)));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => gallery.EnrollFrom(data, labelColumnName: "zz")).Message, "Could not find input column 'zz'");
    }

    [TestMethod]
    public void EnrollFrom_AViewOfAModel_IsHeldAgainstTheGallerysModel()
    {
        var ml = new MLContext();
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        using FaceEmbeddingTransformer model = FaceEmbeddingTransformerTests.Create(), other = FaceEmbeddingTransformerTests.Create(addMirrorImage: true);
        IDataView pictures = ml.Data.LoadFromEnumerable(new[] { new Picture { Label = "ada" }, new Picture { Label = "bob" } });
        IDataView ofModel = model.Transform(pictures), bare = ml.Data.LoadFromEnumerable([new Row { Label = "cleo", Embedding = At(80) }]);
        using FaceGallery gallery = faces.CreateGallery(model);
        Assert.AreEqual((2, 2), (gallery.EnrollFrom(ofModel).PhotographCount, gallery.PersonCount));
        Assert.AreEqual(2, gallery.EnrollFrom(ml.Data.Cache(ofModel)).AlreadyThereCount);
        FaceGalleryException error = Assert.ThrowsExactly<FaceGalleryException>(() => gallery.EnrollFrom(other.Transform(pictures)));
        Assert.AreEqual(FaceGalleryProblem.OtherModel, error.Problem);
        StringAssert.Contains(error.Message, model.Fingerprint[..12]);
        StringAssert.Contains(error.Message, other.Fingerprint[..12]);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => gallery.EnrollFrom(bare)).Message, nameof(FaceGalleryModel.AcceptsBareVectors));

        // Means of a model's embeddings are of that model, too.
        IDataView templates = faces.AggregateTemplates(ofModel, "Label", labelColumnName: null);
        Assert.AreEqual(2, gallery.EnrollFrom(templates, labelColumnName: "Label").AlreadyThereCount);
        using FaceGallery open = faces.CreateGalleryFor(faces.GetGalleryModel(model) with { AcceptsBareVectors = true });
        Assert.AreEqual(1, open.EnrollFrom(bare).PhotographCount);
    }

    [TestMethod]
    public void EnrollFrom_CachedViewOfACopyThatWasDisposedOf_KnowsItsModel()
    {
        var ml = new MLContext();
        using FaceEmbeddingTransformer model = FaceEmbeddingTransformerTests.Create();
        IDataView cached;
        using (var copy = (FaceEmbeddingTransformer)model.WithThreshold(Thresholds.Of(0.4)))
        {
            cached = ml.Data.Cache(copy.Transform(ml.Data.LoadFromEnumerable(new[] { new Picture { Label = "ada" }, new Picture { Label = "bob" } })), "Label", "Embedding");
            Assert.HasCount(2, cached.GetColumn<float[]>("Embedding").ToArray());
        }

        using FaceGallery gallery = ml.FaceRecognition().CreateGallery(model);
        Assert.AreEqual(2, gallery.EnrollFrom(cached).PhotographCount);
    }

    [TestMethod]
    public async Task BareVectors_OfAGalleryForAModelOfThisLibrary_AreRefused()
    {
        using FaceEmbeddingTransformer model = FaceEmbeddingTransformerTests.Create();
        using FaceGallery gallery = new MLContext().FaceRecognition().CreateGallery(model, options: new FaceGalleryOptions { CosineThreshold = 0.5 });
        IFaceGallery any = gallery;
        gallery.Enroll("ada", gallery.Model.Embedding(At(0)));
        foreach (Func<Task> use in new Func<Task>[]
        {
            () => Task.FromResult(gallery.Enroll("bob", At(0))), () => Task.FromResult(gallery.Enrol("bob", At(0))), () => Task.FromResult(gallery.Identify(At(0))),
            () => Task.FromResult(gallery.Search(At(0))), () => any.EnrollAsync([new FaceToEnroll("bob", At(0))]), () => any.IdentifyAsync(At(0)), () => any.SearchAsync(At(0)),
        })
        {
            StringAssert.Contains((await Assert.ThrowsExactlyAsync<ArgumentException>(use)).Message, "gallery.Model.Embedding(vector)");
        }

        Assert.AreEqual(1, gallery.PersonCount);
        Assert.AreEqual("ada", gallery.Identify(gallery.Model.Embedding(At(0))).Person!.PersonId);
    }

    [TestMethod]
    public void Refusal_OfModelsWhoseNamesBeginAlike_NamesThemWhole()
    {
        using FaceGallery gallery = FaceGallery.CreateInMemory(new FaceGalleryModel("resnet50 of 2026-03", Size));
        StringAssert.Contains(Assert.ThrowsExactly<FaceGalleryException>(() => gallery.Search(new FaceEmbedding(At(0), "resnet50 of 2026-04"))).Message,
            "of the model resnet50 of 2026-04, and the gallery keeps those of resnet50 of 2026-03");
    }

    [TestMethod]
    public void Open_WithoutMLNet_KeepsPeopleAndTellsTheLogger()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.FullName, "people.gallery");
        var log = new ListLogger();
        using (FaceGallery gallery = FaceGallery.Open(path, TestModel, logger: log))
        {
            gallery.Enroll("ada", At(0), "Ada");
        }

        Assert.AreEqual("ada", FaceGallery.Read(path).People.Single().Id);
        FaceGallery.Backup(path, path + ".copy");
        Assert.AreEqual(1, FaceGallery.Recover(path + ".copy", path + ".recovered").PersonCount);
        Assert.IsTrue(log.Lines.Any(line => line.Contains("0 photographs of 0 people", StringComparison.Ordinal)), string.Join('\n', log.Lines));
        Assert.ThrowsExactly<ArgumentException>(() => FaceGallery.Open(" ", TestModel));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FaceGallery.CreateInMemory(TestModel, new FaceGalleryOptions { ReadOnly = true }));
    }

    [TestMethod]
    public async Task OlderSpelling_OfEveryMember_StillWorks()
    {
        var ml = new MLContext();
        using FaceGallery gallery = ml.FaceRecognition().CreateGalleryFor(TestModel);
        GalleryPhotograph first = gallery.Enrol("ada", At(0), "Ada", "a.jpg");
        IReadOnlyList<GalleryPhotograph> more = gallery.Enrol([new FaceToEnrol("bob", At(40)) { Name = "Bob", Source = "b.jpg" }]);
        IDataView data = ml.Data.LoadFromEnumerable([new Row { Label = "cleo", Embedding = At(80) }, new Row { Label = "", Embedding = At(7) }]);
        Assert.AreEqual(new EnrolmentSummary(1, 1, 1), gallery.EnrolFrom(data));
        IReadOnlyList<GalleryPhotograph> last = await gallery.EnrolAsync([new FaceToEnrol("dora", At(120))]);
        Assert.AreEqual((first, more[0], last[0]), (gallery.Find("ada")!.Photographs[0], gallery.Find("bob")!.Photographs[0], gallery.Find("dora")!.Photographs[0]));
        Assert.AreEqual("Bob", gallery.Find("bob")!.Name);
    }

    [TestMethod]
    public async Task ManyReadersAndAWriter_AtOnce_SeeWholePeople()
    {
        // Each person has both photographs or none, whenever a search looks; ada, who is never changed, is always found.
        using FaceGallery gallery = Open();
        gallery.Enroll("ada", At(0));
        using var stop = new CancellationTokenSource();
        using var started = new CountdownEvent(4);
        Task[] readers = [.. Enumerable.Range(0, started.InitialCount).Select(_ => Task.Factory.StartNew(() =>
        {
            started.Signal();
            while (!stop.IsCancellationRequested)
            {
                Assert.AreEqual("ada", gallery.Identify(At(1)).Person?.PersonId);
                Assert.IsTrue(gallery.GetPeople().All(person => person.Id == "ada" || person.Photographs.Count == 2));
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        started.Wait(CancellationToken.None);
        for (int i = 0; i < 300; i++)
        {
            gallery.Enroll([new FaceToEnroll($"{i}", At(90)), new FaceToEnroll($"{i}", At(120))]);
            if (i % 3 == 0)
            {
                gallery.Remove($"{i}");
            }
        }

        await stop.CancelAsync();
        await Task.WhenAll(readers);
        Assert.AreEqual(201, gallery.PersonCount);
    }

    [TestMethod]
    [DataRow(false, false)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    public async Task Gallery_InMemoryOrAFile_DoesWhatEveryGalleryDoes(bool hasFile, bool searchesInHalfPrecision)
    {
        using var folder = new TemporaryFolder();
        await using IFaceGallery gallery = Open(hasFile ? Path.Combine(folder.FullName, "people.gallery") : null, new FaceGalleryOptions { SearchInHalfPrecision = searchesInHalfPrecision });
        await GalleryContract.CheckAsync(gallery);
    }

    [TestMethod]
    public void Dispose_ThenUse_Throws()
    {
        FaceGallery gallery = Open();
        gallery.Dispose();
        gallery.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => gallery.Identify(At(0)));
        Assert.ThrowsExactly<ObjectDisposedException>(() => gallery.Enroll("ada", At(0)));
    }

    private sealed class ListLogger : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Add(formatter(state, exception));
    }

    private sealed class Picture
    {
        public string Label { get; set; } = "";

        [ImageType(112, 112)]
        public MLImage Image { get; set; } = MLImage.CreateFromPixels(112, 112, MLPixelFormat.Rgba32, new byte[112 * 112 * 4]);
    }

    private sealed class Row
    {
        public string Label { get; set; } = "";

        public string RelativePath { get; set; } = "";

        [VectorType(Size)]
        public float[] Embedding { get; set; } = [];
    }
}
