using System.Diagnostics;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Samples;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Samples;

/// <summary>The way of somebody who comes with InsightFace's files and leaves with an ONNX file, from end to end.</summary>
[TestClass]
public class FineTuneTests
{
    [TestMethod]
    public void Run_InsightFaceFolder_HandsOutAnOnnxFileThatEmbedsAsTheZip()
    {
        using var people = new DrawnPeople(people: 4, picturesPerPerson: 4);
        using var folder = new TemporaryFolder();
        FineTuneSettings settings = WriteInsightFaceFolder(people.Folder, folder);
        var epochs = new List<int>();

        (VerificationMetrics before, VerificationMetrics after) = FineTune.Run(settings, progress => epochs.Add(progress.Epoch), CancellationToken.None);

        Assert.AreEqual(2, epochs.Max());
        Assert.AreEqual((before.GenuinePairCount, before.ImpostorPairCount), (after.GenuinePairCount, after.ImpostorPairCount));
        Assert.AreNotEqual(before.AreaUnderRocCurve, after.AreaUnderRocCurve, "Training must change the network.");

        // Who gets the files has nothing else: the .zip in ML.NET, the .onnx in ONNX Runtime.
        string[] photographs = [.. Directory.EnumerateFiles(people.Folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        var ml = new MLContext();
        ITransformer model = ml.Model.Load(settings.Output, out _);
        IDataView rows = ml.Data.LoadFromEnumerable(photographs.Select(path => new Photograph { ImageBytes = File.ReadAllBytes(path) }));
        float[][] expected = [.. model.Transform(rows).GetColumn<float[]>("Embedding")];
        float[][] actual = OnnxFile.Embed(settings.Onnx, [.. photographs.SelectMany(PixelsOf)]);
        Assert.HasCount(photographs.Length, actual);
        for (int i = 0; i < actual.Length; i++)
        {
            Assert.IsGreaterThanOrEqualTo(0.99999, OnnxFile.Cosine(expected[i], actual[i]), photographs[i]);
        }

        (model as IDisposable)?.Dispose();
    }

    [TestMethod]
    public void Run_KilledWhileTraining_ComesToTheFilesOfTheWholeRunWhenRunAgain()
    {
        using var people = new DrawnPeople(people: 4, picturesPerPerson: 4);
        using var folder = new TemporaryFolder();
        FineTuneSettings settings = WriteInsightFaceFolder(people.Folder, folder) with { Epochs = 6 };
        FineTune.Run(settings with { Onnx = Path.Combine(folder.FullName, "whole.onnx") }, _ => { }, CancellationToken.None);
        File.Delete(settings.Output);

        // In the middle of what it does, which is a step or the next checkpoint. Process.Kill is kill -9.
        string checkpoints = Path.Combine(folder.FullName, "checkpoints");
        using (Process process = SamplesProgram.Start("FineTune", "--data", folder.FullName, "--weights", settings.Weights, "--backbone", "mbf", "--freeze", "2", "--epochs", "6",
            "--checkpoints", checkpoints, "--checkpoint-every", "3", "--output", settings.Output, "--onnx", settings.Onnx))
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(), output = process.StandardOutput.ReadToEndAsync();
            while (!process.HasExited && !File.Exists(Path.Combine(checkpoints, "checkpoint-0000000006.safetensors")))
            {
                Thread.Sleep(10);
            }

            Assert.IsFalse(process.HasExited, $"{output.IsCompleted} {(process.HasExited ? errors.Result : "")}");
            process.Kill();
            process.WaitForExit();
        }

        Assert.IsFalse(File.Exists(settings.Output));
        var steps = new List<int>();
        FineTune.Run(settings with { Checkpoints = checkpoints, CheckpointEverySteps = 3 }, progress => steps.Add(progress.Step), CancellationToken.None);
        Assert.IsGreaterThan(6, steps[0]);
        Assert.AreEqual(24, steps[^1]);
        CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(folder.FullName, "whole.onnx")), File.ReadAllBytes(settings.Onnx));
        Assert.IsEmpty(Directory.GetFiles(checkpoints, "*.part"));
    }

    [TestMethod]
    public void Run_WeightsOfAnotherNetwork_NamesBothAndWritesNothing()
    {
        using var people = new DrawnPeople(people: 4, picturesPerPerson: 4);
        using var folder = new TemporaryFolder();
        FineTuneSettings settings = WriteInsightFaceFolder(people.Folder, folder) with { Backbone = BackboneArchitecture.IResNet18 };
        var error = Assert.ThrowsExactly<WeightsFormatException>(() => FineTune.Run(settings, _ => { }, CancellationToken.None));
        StringAssert.Contains(error.Message, "It holds weights of MobileFaceNet (mbf) with 512 numbers in an embedding; the network is IResNet18 (r18).");
        Assert.IsFalse(File.Exists(settings.Output) || File.Exists(settings.Onnx));
    }

    /// <summary>train.rec, train.idx, property, lfw.bin and backbone.pth.</summary>
    private static FineTuneSettings WriteInsightFaceFolder(string people, TemporaryFolder folder)
    {
        var faces = new MLContext(seed: 1).FaceRecognition();
        IDataView photographs = faces.LoadFromFolder(people);
        string PathOf(string name) => Path.Combine(folder.FullName, name);
        faces.SaveAsRecordIO(photographs, PathOf("train.rec"));
        faces.SaveAsVerificationBin(photographs, faces.AllPairs(photographs, maximumPairs: 20), PathOf("lfw.bin"));
        folder.Write("backbone.pth", Checkpoint(BackboneArchitecture.MobileFaceNet));
        return new FineTuneSettings
        {
            Records = PathOf("train.rec"),
            Weights = PathOf("backbone.pth"),
            Backbone = BackboneArchitecture.MobileFaceNet,
            Verify = PathOf("lfw.bin"),
            FrozenStages = 2,
            Epochs = 2,
            Output = PathOf("faces.zip"),
            Onnx = PathOf("faces.onnx"),
        };
    }

    /// <summary>A network at its start, as torch.save writes its state.</summary>
    private static byte[] Checkpoint(BackboneArchitecture architecture)
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone backbone = FaceBackbone.Create(architecture, embeddingSize: 512);
        (string Name, Tensor Tensor)[] state = [.. ModuleState.Of(backbone)];
        TorchFileStorage[] storages =
        [
            .. state.Select((entry, index) => new TorchFileStorage(
                $"{index}", entry.Tensor.dtype == ScalarType.Int64 ? "LongStorage" : "FloatStorage", entry.Tensor.numel(), entry.Tensor.detach().contiguous().bytes.ToArray())),
        ];
        TorchFileTensor[] tensors = [.. state.Select((entry, index) => new TorchFileTensor(entry.Name, $"{index}", 0, entry.Tensor.shape, entry.Tensor.contiguous().stride()))];
        return TorchFileWriter.Zip(TorchFileWriter.Pickle(tensors, storages), storages);
    }

    private static byte[] PixelsOf(string path)
    {
        byte[] pixels = new byte[FaceTensor.ByteCount];
        using MLImage image = FaceImage.FromFile(path);
        FaceTensor.FromImage(image, pixels);
        return pixels;
    }

    private sealed class Photograph
    {
        public byte[] ImageBytes { get; set; } = [];
    }
}
