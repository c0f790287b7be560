using Microsoft.ML.ArcFace.Samples;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Samples;

[TestClass]
public class VerifyTests
{
    private static readonly MLContext Ml = new(seed: 1);

    [TestMethod]
    public void Verify_CalibratedModel_AnswersByItsExitCode()
    {
        using var people = new DrawnPeople(people: 8, picturesPerPerson: 2);
        IDataView data = Ml.FaceRecognition().LoadFromFolder(people.Folder);
        string[] pictures = [.. data.GetColumn<string>("ImagePath")];
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        using var folder = new TemporaryFolder();
        string zip = Path.Combine(folder.FullName, "faces.zip");
        Ml.Model.Save(Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding), data.Schema, zip);

        Assert.ThrowsExactly<InvalidOperationException>(() => Verify.Compare(zip, pictures[0], pictures[1], cosine: null));
        Verify.Calibrate(zip, people.Folder, rate: 0.1);
        CollectionAssert.AreEqual(new[] { zip }, Directory.GetFiles(folder.FullName), "No part of a file is left.");
        Assert.AreEqual(0, Verify.Compare(zip, pictures[0], pictures[0], cosine: null));

        // In a process of its own, and held to what no two photographs reach.
        string said = SamplesProgram.RunTo(Verify.DifferentPeople, "Verify", "--model", zip, "--photographs", pictures[0], pictures[15], "--cosine", "1");
        StringAssert.Contains(said, "different people");
        StringAssert.Contains(said, "threshold 1.0000");
    }
}
