using Microsoft.ML.ArcFace.Preprocessing;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Preprocessing;

[TestClass]
public class FindPreprocessingTests
{
    private static TemporaryFolder s_folder = null!;
    private static string s_file = "", s_people = "";

    [ClassInitialize]
    public static void Write(TestContext _)
    {
        s_folder = new TemporaryFolder();
        s_file = s_folder.Write("linear.onnx", SmallRecognizers.Write(activates: false));
        s_people = Path.Combine(s_folder.FullName, "people");
        WritePeople(s_people);
    }

    [ClassCleanup]
    public static void Remove() => s_folder.Dispose();

    [TestMethod]
    public void FindPreprocessing_PeopleWhoDifferInBrightness_RefusesScalingsWithoutAMiddle()
    {
        var ml = new MLContext();
        FacePreprocessingSearch found = ml.FaceRecognition().FindPreprocessing(s_file, Faces(ml, s_people));
        Assert.AreEqual((2, 12, 30, 36), (found.PersonCount, found.PhotographCount, found.GenuinePairCount, found.ImpostorPairCount));
        Assert.AreEqual(FacePixels.Standard, found.Chosen.Pixels);
        Assert.IsFalse(found.IsDoubtful);
        foreach (FacePreprocessingChoice choice in found.Choices)
        {
            bool hasMiddle = choice.Pixels.Mean.Red > 0;
            Assert.IsTrue(hasMiddle || !choice.IsAsGoodAsBest, choice.ToString());
        }

        FacePreprocessingChoice both = found.Choices.Single(choice => choice.Pixels == FacePixels.Standard with { ColorOrder = FaceColorOrder.Bgr });
        Assert.IsTrue(both.IsAsGoodAsBest, "Gray faces do not tell the order of colors.");
        Assert.IsTrue(found.Choices.Zip(found.Choices.Skip(1)).All(pair => pair.First.AreaUnderRocCurve >= pair.Second.AreaUnderRocCurve), "The best is first.");
        StringAssert.Contains(found.ToString(), "unscaled");
        StringAssert.Contains(found.ToString(), "Taken: standard, the most usual of ");

        using FaceEmbeddingTransformer model = ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options { WeightsFile = s_file, Preprocessing = found }).Fit(Faces(ml, s_people));
        Assert.AreEqual((FacePixelsSource.Measured, FacePixels.Standard), (model.NetworkFile!.Pixels.Source, model.NetworkFile.Pixels.Pixels));
        StringAssert.Contains(model.NetworkFile.Pixels.Reason, "12 photographs of 2 people");
    }

    [TestMethod]
    public void FindPreprocessing_TooFewPhotographs_SaysHowManyItTakes()
    {
        var ml = new MLContext();
        string folder = Path.Combine(s_folder.FullName, "single");
        s_folder.Write("single/Ada/1.bmp", EncodedImages.Bmp(112, 112, SKColors.Teal));
        s_folder.Write("single/Bob/1.bmp", EncodedImages.Bmp(112, 112, SKColors.Red));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => ml.FaceRecognition().FindPreprocessing(s_file, Faces(ml, folder))).Message, "at least 2 of them; here are 0");
    }

    [TestMethod]
    [RequiresRecognizer]
    public void FindPreprocessing_PublishedRecognizer_RefusesUnscaledPixels()
    {
        var ml = new MLContext();
        string folder = Path.Combine(s_folder.FullName, "published");
        foreach (string person in Directory.GetDirectories(Path.Combine(TestData.Folder, "lfw112", "train")).Order(StringComparer.Ordinal).Take(10))
        {
            foreach (string photograph in Directory.GetFiles(person).Order(StringComparer.Ordinal).Take(3))
            {
                s_folder.Write($"published/{Path.GetFileName(person)}/{Path.GetFileName(photograph)}", File.ReadAllBytes(photograph));
            }
        }

        FacePreprocessingSearch found = ml.FaceRecognition().FindPreprocessing(RecognizerModels.MobileFaceNet, Faces(ml, folder));
        Assert.AreEqual(FacePixels.ImageNet, found.Chosen.Pixels, "The file is known, and what is known of it is as good as the best.");
        StringAssert.Contains(found.Reason, "known beforehand");
        Assert.IsFalse(found.Choices.Single(choice => choice.Pixels == FacePixels.Unscaled).IsAsGoodAsBest, found.ToString());
        Assert.IsGreaterThan(0.98, found.Chosen.AreaUnderRocCurve);
    }

    [TestMethod]
    [DataRow(2, 3, 2, 3)]
    [DataRow(20, 40, 20, 6)]
    [DataRow(80, 10, 80, 5)]
    [DataRow(615, 3, 200, 2)]
    public void Choose_SomePeople_TakesSeveralPhotographsOfEach(int people, int photographs, int chosenPeople, int ofEach)
    {
        string[] names = [.. Enumerable.Range(0, people * photographs).Select(row => $"{row % people}"), "nobody else", ""];
        int[] chosen = LabeledFaces.Choose(names);
        IGrouping<string, int>[] byPerson = [.. chosen.GroupBy(row => names[row])];
        Assert.HasCount(chosenPeople, byPerson);
        Assert.IsTrue(byPerson.All(rows => rows.Count() == ofEach));
        Assert.IsLessThanOrEqualTo(LabeledFaces.Most, chosen.Length);
    }

    private static IDataView Faces(MLContext ml, string folder)
    {
        IDataView rows = ml.FaceRecognition().LoadFromFolder(folder);
        return ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows);
    }

    /// <summary>Writes two people, one a little brighter and one a little darker than the middle gray, with noise.</summary>
    private static void WritePeople(string folder)
    {
        foreach ((string person, int brightness) in new[] { ("Ada", 140), ("Bob", 115) })
        {
            Directory.CreateDirectory(Path.Combine(folder, person));
            for (int photograph = 0; photograph < 6; photograph++)
            {
                var noise = new Random(brightness + photograph);
                using var bitmap = new SKBitmap(112, 112);
                for (int place = 0; place < 112 * 112; place++)
                {
                    byte gray = (byte)(brightness + noise.Next(-10, 11));
                    bitmap.SetPixel(place % 112, place / 112, new SKColor(gray, gray, gray));
                }

                using SKData encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
                File.WriteAllBytes(Path.Combine(folder, person, $"{photograph}.png"), encoded.ToArray());
            }
        }
    }
}
