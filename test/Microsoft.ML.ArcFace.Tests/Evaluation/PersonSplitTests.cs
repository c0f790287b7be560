using FsCheck;
using FsCheck.Fluent;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class PersonSplitTests
{
    private static readonly MLContext Ml = new(seed: 1);

    [TestMethod]
    public void TrainTestSplitByPerson_AnyPeopleFractionAndSeed_NobodyIsInBothAndNoRowIsLost()
    {
        Prop.ForAll(
            Gen.Choose(2, 30).SelectMany(people => Gen.Choose(0, 99).SelectMany(seed => Gen.Choose(1, 99).Select(percent => (people, seed, percent / 100.0)))).ToArbitrary(),
            ((int People, int Seed, double Fraction) given) =>
            {
                Photo[] photos = Photos(given.People);
                DataOperationsCatalog.TrainTestData split = Ml.FaceRecognition().TrainTestSplitByPerson(View(photos), given.Fraction, given.Seed);
                Photo[] train = Read(split.TrainSet), test = Read(split.TestSet);
                HashSet<string> tested = [.. test.Select(photo => photo.Label)];

                CollectionAssert.AreEquivalent(photos.Select(photo => photo.Path).ToArray(), train.Concat(test).Select(photo => photo.Path).ToArray());
                Assert.IsFalse(train.Any(photo => tested.Contains(photo.Label)));
                Assert.AreEqual(Math.Clamp((int)Math.Round(given.Fraction * given.People), 1, given.People - 1), tested.Count);
            }).QuickCheckThrowOnFailure();
    }

    [TestMethod]
    public void TrainTestSplitByPerson_RowsInAnotherOrder_TestsTheSamePeople()
    {
        Photo[] photos = Photos(20), shuffled = [.. photos];
        new Random(5).Shuffle(shuffled);
        string[] people = PeopleOf(Ml.FaceRecognition().TrainTestSplitByPerson(View(photos), seed: 3).TestSet);

        CollectionAssert.AreEqual(people, PeopleOf(Ml.FaceRecognition().TrainTestSplitByPerson(View(shuffled), seed: 3).TestSet));
        CollectionAssert.AreNotEqual(people, PeopleOf(Ml.FaceRecognition().TrainTestSplitByPerson(View(photos), seed: 4).TestSet));
        CollectionAssert.AreEqual(
            PeopleOf(Ml.FaceRecognition().TrainTestSplitByPerson(View(photos)).TestSet), PeopleOf(new MLContext(seed: 9).FaceRecognition().TrainTestSplitByPerson(View(photos), seed: 1).TestSet),
            "Without a seed the context's counts.");
    }

    [TestMethod]
    public void TrainTestSplitByPerson_KeyLabels_TestsTheSamePeopleAsTheirNames()
    {
        IDataView text = View(Photos(15));
        IDataView keys = Ml.Transforms.Conversion.MapValueToKey("Label").Fit(text).Transform(text);
        DataOperationsCatalog.TrainTestData byKey = Ml.FaceRecognition().TrainTestSplitByPerson(keys, 0.3, seed: 2);
        IDataView names = Ml.Transforms.Conversion.MapKeyToValue("Label").Fit(byKey.TestSet).Transform(byKey.TestSet);

        Assert.IsInstanceOfType<KeyDataViewType>(byKey.TrainSet.Schema["Label"].Type);
        CollectionAssert.AreEqual(PeopleOf(Ml.FaceRecognition().TrainTestSplitByPerson(text, 0.3, seed: 2).TestSet), PeopleOf(names));
    }

    [TestMethod]
    public void TrainTestSplitByPerson_RowsWithoutLabel_AreInNeitherPartAndAreReported()
    {
        var ml = new MLContext(seed: 1);
        var warnings = new List<string>();
        ml.Log += (_, message) => warnings.Add(message.Message);
        Photo[] photos = [.. Photos(4), new Photo { Path = "nobody" }];
        DataOperationsCatalog.TrainTestData split = ml.FaceRecognition().TrainTestSplitByPerson(View(photos));

        Assert.IsFalse(Read(split.TrainSet).Concat(Read(split.TestSet)).Any(photo => photo.Path == "nobody"));
        Assert.IsTrue(warnings.Any(warning => warning.Contains("1 rows have no value in the column 'Label'", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void TrainTestSplitByPerson_Parts_AreLazyAndCanBeShuffled()
    {
        using var folder = new TestSupport.DrawnPeople(people: 3, picturesPerPerson: 2);
        DataOperationsCatalog.TrainTestData split = Ml.FaceRecognition().TrainTestSplitByPerson(folder.Images(Ml), 0.3);
        File.Delete(folder.AnyPicture);

        Assert.HasCount(4, split.TrainSet.GetColumn<string>("Label").ToArray(), "No photograph is opened.");
        string[] inOrder = [.. split.TrainSet.GetColumn<string>("RelativePath")];
        string[] shuffled = [.. Ml.Data.ShuffleRows(split.TrainSet, seed: 3).GetColumn<string>("RelativePath")];
        CollectionAssert.AreEquivalent(inOrder, shuffled);
        CollectionAssert.AreNotEqual(inOrder, shuffled);
    }

    [TestMethod]
    public void TrainTestSplitByPerson_WhatCannotBeSplit_SaysWhatItTakes()
    {
        FaceRecognitionCatalog faces = Ml.FaceRecognition();
        foreach (double fraction in new[] { 0, 1, -0.1, 1.5, double.NaN })
        {
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => faces.TrainTestSplitByPerson(View(Photos(3)), fraction)).Message, "over 0 and below 1");
        }

        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => faces.TrainTestSplitByPerson(View(Photos(1)))).Message, "names 1 person");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => faces.TrainTestSplitByPerson(View(Photos(3)), labelColumnName: "Who")).Message, "Could not find input column 'Who'");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => faces.TrainTestSplitByPerson(View(Photos(3)), labelColumnName: "Weight")).Message, "expected Key<UInt32> or String");
    }

    private static Photo[] Photos(int people) =>
        [.. Enumerable.Range(0, people).SelectMany(person => Enumerable.Range(0, 1 + (person % 3)).Select(number => new Photo { Label = $"p{person}", Path = $"p{person}/{number}" }))];

    private static IDataView View(Photo[] photos) => Ml.Data.LoadFromEnumerable(photos);

    private static Photo[] Read(IDataView view) => [.. Ml.Data.CreateEnumerable<Photo>(view, reuseRowObject: false)];

    private static string[] PeopleOf(IDataView view) => [.. view.GetColumn<string>("Label").Distinct().Order(StringComparer.Ordinal)];

    private sealed class Photo
    {
        public string Label { get; set; } = "";

        public string Path { get; set; } = "";

        public float Weight { get; set; }
    }
}
