using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>What the trainer chooses by itself is enough for a small set.</summary>
[TestClass]
public class TrainingDefaultsTests
{
    [TestMethod]
    public void Fit_TwentyPeopleOfEightPictures_NearestCentreIsTheirOwn() => AssertNearestCenterIsTheirOwn(seed: 1);

    /// <summary>Two minutes of one thread: other seeds have their turn in build/integration.sh.</summary>
    internal static void AssertNearestCenterIsTheirOwn(int seed)
    {
        using var people = new DrawnPeople(people: 20, picturesPerPerson: 8, seed);
        var ml = new MLContext(seed);
        IDataView pictures = ml.FaceRecognition().LoadFromFolder(people.Folder);
        IDataView keyed = ml.Transforms.Conversion.MapValueToKey("Label").Fit(pictures).Transform(pictures);
        using TransformerChain<FaceEmbeddingTransformer> model = ml.Transforms.LoadFaceImages("Image", "ImagePath")
            .Append(ml.FaceRecognition().Trainers.ArcFace(new ArcFaceTrainer.Options { PredictedLabelColumnName = "PredictedLabel" }))
            .Fit(keyed);

        IDataView embedded = model.Transform(keyed);
        double right = embedded.GetColumn<uint>("Label").Zip(embedded.GetColumn<uint>("PredictedLabel"), (own, predicted) => own == predicted ? 1.0 : 0).Average();
        Console.WriteLine($"{right:P1} of {20 * 8} pictures");
        Assert.IsGreaterThanOrEqualTo(0.95, right);
    }
}
