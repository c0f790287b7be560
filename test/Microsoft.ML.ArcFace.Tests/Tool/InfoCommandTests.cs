using System.Text.Json;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Tool;

[TestClass]
public class InfoCommandTests
{
    private static DrawnPeople s_people = null!;
    private static string s_model = "";

    private static string In(string name) => Path.Combine(s_people.Folder, name);

    [ClassInitialize]
    public static void Train(TestContext _)
    {
        s_people = new DrawnPeople(people: 4, picturesPerPerson: 4);
        s_model = In("faces.zip");
        ToolProgram.Answer(0, "train", "--data", s_people.Folder, "--output", s_model, "--epochs", "2", "--batch", "4", "--embedding-size", "16", "--loss", "cosface", "--margin", "0.25", "--scale", "32", "--mirror");
    }

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    public void Info_TrainedModel_TellsHowItWasTrained()
    {
        JsonElement facts = ToolProgram.Answer(0, "info", s_model);
        Assert.AreEqual(("model", "mbf", 16), (facts.GetProperty("kind").GetString(), facts.GetProperty("network").GetString(), facts.GetProperty("embeddingSize").GetInt32()));
        Assert.IsTrue(facts.GetProperty("addsMirrorImage").GetBoolean());
        JsonElement training = facts.GetProperty("training");
        Assert.AreEqual(("cosface", 0.25, 32.0), (training.GetProperty("loss").GetString(), training.GetProperty("margin").GetDouble(), training.GetProperty("scale").GetDouble()));
        Assert.AreEqual((4, 16, 2, 8), (training.GetProperty("personCount").GetInt32(), training.GetProperty("photographCount").GetInt32(), training.GetProperty("epochs").GetInt32(), training.GetProperty("steps").GetInt32()));
        Assert.AreEqual(JsonValueKind.Null, facts.GetProperty("threshold").ValueKind);
        Assert.AreEqual(ToolProgram.Answer(0, "export", "--model", s_model, "--output", In("faces.safetensors")).GetProperty("fingerprint").GetString(), facts.GetProperty("fingerprint").GetString());
        Assert.AreEqual(new FileInfo(s_model).Length, facts.GetProperty("bytes").GetInt64());

        string text = ToolProgram.Run("info", "--model", s_model).Output;
        StringAssert.Contains(text, "4 people, 16 photographs; loss cosface, margin 0.25, scale 32; 2 epochs, 8 steps from random weights");
        StringAssert.Contains(text, "none; choose one with arcface calibrate");
        StringAssert.Contains(text, "photographs are expected aligned");
    }

    [TestMethod]
    public void Info_CalibratedModel_SaysWhatTheThresholdMeans()
    {
        string calibrated = In("calibrated.zip");
        JsonElement threshold = ToolProgram.Answer(0, "calibrate", "--model", s_model, "--data", s_people.Folder, "--rate", "0.2", "--output", calibrated);
        JsonElement facts = ToolProgram.Answer(0, "info", calibrated);
        Assert.AreEqual(threshold.GetProperty("cosine").GetDouble(), facts.GetProperty("threshold").GetProperty("cosine").GetDouble());
        Assert.AreEqual("cosface", facts.GetProperty("training").GetProperty("loss").GetString(), "Calibrating keeps it.");
        string text = ToolProgram.Run("info", calibrated).Output;
        StringAssert.Contains(text, "one in 5 pairs of different people is accepted at most");
        StringAssert.Contains(text, "of 100 pairs of the same person are refused; measured on 24 and 96 pairs of 4 people");
    }

    [TestMethod]
    public void Info_WeightsWithoutATraining_SaysNotRecorded()
    {
        ToolProgram.Answer(0, "export", "--model", s_model, "--output", In("weights.safetensors"));
        var ml = new MLContext();
        IDataView photographs = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        string zip = In("of-weights.zip");
        var model = ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(ml.Transforms.EmbedFaces("Embedding", "Image", In("weights.safetensors"), BackboneArchitecture.MobileFaceNet)).Fit(photographs);
        ml.Model.Save(model, photographs.Schema, zip);
        (model as IDisposable)?.Dispose();
        JsonElement facts = ToolProgram.Answer(0, "info", zip);
        Assert.AreEqual((JsonValueKind.Null, JsonValueKind.Null), (facts.GetProperty("training").ValueKind, facts.GetProperty("people").ValueKind));
        StringAssert.Contains(ToolProgram.Run("info", zip).Output, "not recorded");
    }

    [TestMethod]
    public void Info_OtherFiles_SaysWhatTheyAre()
    {
        File.WriteAllText(In("page.zip"), "<html><body>Not found</body></html>");
        File.WriteAllText(In("pointer.zip"), "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
        ToolProgram.Answer(0, "export", "--model", s_model, "--output", In("other.onnx"));
        ToolProgram.Answer(0, "export", "--model", s_model, "--output", In("other.safetensors"));
        foreach ((string file, string said) in new[] { ("page.zip", "web page"), ("pointer.zip", "Git LFS pointer"), ("other.onnx", "an ONNX model"), ("other.safetensors", "--weights"), (s_people.AnyPicture, "a JPEG picture") })
        {
            JsonElement facts = ToolProgram.Answer(0, "info", Path.Combine(s_people.Folder, file));
            StringAssert.Contains(facts.GetProperty("description").GetString(), said);
            StringAssert.Contains(ToolProgram.Run("info", Path.Combine(s_people.Folder, file)).Output, said);
        }
    }

    [TestMethod]
    public void Info_NoFileOrTwo_IsAWrongCommandLine()
    {
        Assert.AreEqual(2, ToolProgram.Run("info").ExitCode);
        Assert.AreEqual(2, ToolProgram.Run("info", s_model, "--model", s_model).ExitCode);
        Assert.AreEqual(2, ToolProgram.Run("info", In("missing.zip")).ExitCode);
    }
}
