using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>Many commands that write one file: none fails, and the last one's result is there, whole.</summary>
[TestClass]
public class ToolConcurrencyTests
{
    private const int Commands = 18;

    [TestMethod]
    [DataRow(true, DisplayName = "in the model's own place")]
    [DataRow(false, DisplayName = "to a new file")]
    public void Calibrate_ManyAtOnceToOneFile_NoneFailsAndTheModelIsWhole(bool inPlace)
    {
        using var people = new DrawnPeople(people: 4, picturesPerPerson: 2);
        using var folder = new TemporaryFolder();
        string model = Path.Combine(folder.FullName, "faces.zip"), output = inPlace ? model : Path.Combine(folder.FullName, "calibrated.zip");
        var ml = new MLContext(seed: 1);
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        IDataView photographs = faces.LoadFromFolder(people.Folder);
        using (FaceEmbeddingTransformer embedding = Embedding.FaceEmbeddingTransformerTests.Create())
        {
            ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(photographs).Append(embedding), photographs.Schema, model);
        }

        ToolOutcome[] outcomes = new ToolOutcome[Commands];
        Parallel.For(0, Commands, new ParallelOptions { MaxDegreeOfParallelism = Commands }, number =>
            outcomes[number] = ToolProgram.Run("calibrate", "--model", model, "--data", people.Folder, "--rate", "0.5", "--output", output));
        CollectionAssert.AreEqual(new int[Commands], outcomes.Select(outcome => outcome.ExitCode).ToArray(), string.Join(Environment.NewLine, outcomes.Select(outcome => outcome.Error)));

        ITransformer calibrated = faces.LoadModel(output, out _);
        Assert.IsNotNull(calibrated.FaceEmbedding().Threshold);
        (calibrated as IDisposable)?.Dispose();
        Assert.HasCount(inPlace ? 1 : 2, Directory.GetFiles(folder.FullName));
    }
}
