using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Terminal;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface train: photographs in, a model's .zip out.</summary>
internal static class TrainCommand
{
    private const string Description = """
        Trains a network on photographs of people and writes one .zip. What is not said is chosen for the size of the set.
        Photographs are expected aligned (112×112); with --detector they may be as a camera takes them. Examples:
          arcface train --data faces/train --output faces.zip
          arcface train --data faces/train --validate faces/other --loss cosface --epochs 20 --output faces.zip
          arcface train --records faces_emore/train.rec --backbone r50 --weights backbone.pth --gpu 0 --output faces.zip
          arcface train --data faces/train --teacher w600k_r50.onnx --output faces.zip
          arcface train --data faces/train --checkpoints run --tensorboard run/events --output faces.zip
        With --checkpoints it may be stopped with Ctrl+C at any time; the same command goes on where it was.
        """;

    private static readonly Option<DirectoryInfo> Data = FileOptions.People("Whom to train on", isRequired: false);
    private static readonly Option<FileInfo> Records = FileOptions.Existing(new Option<FileInfo>("--records") { Description = "Instead of --data: a RecordIO set of InsightFace.", HelpName = "FILE.rec" });
    private static readonly Option<FileInfo> List = FileOptions.Existing(new Option<FileInfo>("--list") { Description = "Instead of --data: a list of paths and labels (.csv, .tsv), or a .lst of InsightFace or im2rec.", HelpName = "FILE" });
    private static readonly Option<string?> ListEncoding = EncodingOption.Create("--list, or identities.txt beside --records,");
    private static readonly Option<FileInfo> Output = new("--output") { Description = "The model's .zip.", HelpName = "FILE", DefaultValueFactory = _ => new FileInfo("faces.zip") };
    private static readonly Option<BackboneName> Backbone = BackboneOption.Create("The network.");
    private static readonly Option<string> Loss = LossOption.Create();
    private static readonly Option<double?> Margin = NumberOption.Real("--margin", "The loss's margin. Default: the paper's", "0 or more", value => value >= 0, 0.5);
    private static readonly Option<double?> Scale = NumberOption.Real("--scale", "The scale of the logits. Default: fits the number of people", "over 0, at most 1000", value => value is > 0 and <= 1000, 64);
    private static readonly Option<int?> Epochs = NumberOption.Whole("--epochs", "How often training sees every photograph. Default: enough for the size of the set", 1, 100_000, example: 20);
    private static readonly Option<int?> BatchSize = NumberOption.Whole("--batch", "Photographs in a step. Default: fits the size of the set", 2, 65_536, example: 128);
    private static readonly Option<double?> LearningRate = NumberOption.Real("--learning-rate", "The peak learning rate. Default: fits optimizer and batch", "over 0", value => value > 0, 0.001);
    private static readonly Option<TrainingOptimizer?> Optimizer = new("--optimizer") { Description = "What turns gradients into steps. Default: AdamW for small sets, SGD for large ones." };
    private static readonly Option<double?> WeightDecay = NumberOption.Real("--weight-decay", "Default: fits the optimizer", "0 or more", value => value >= 0, 0.0005);
    private static readonly Option<int?> EmbeddingSize = NumberOption.Whole("--embedding-size", "Numbers in an embedding. Default 512", 2, 4096, example: 512);
    private static readonly Option<TrainingPrecision?> Precision = new("--precision") { Description = "The arithmetic. Default: what is fastest here." };
    private static readonly Option<double?> SampleRate = NumberOption.Real("--sample-rate", "Share of the people that a step scores (Partial FC). Default: all", "over 0, at most 1", value => value is > 0 and <= 1, 0.1);
    private static readonly Option<FileInfo> Weights = FileOptions.Existing(new Option<FileInfo>("--weights") { Description = "Where to start: weights of the same network (.pth, .pt, .safetensors), a network of others (.onnx, or weights by the names of AdaFace), or a model (.zip).", HelpName = "FILE" });
    private static readonly Option<FacePixels?> Pixels = PixelsOption.Create();
    private static readonly Option<bool> RenewNorms = new("--renew-norms") { Description = "Give convolutions of an .onnx file norms again that its exporter folded into them." };
    private static readonly Option<int?> Freeze = NumberOption.Whole("--freeze", "How many of the network's four stages keep the weights of --weights", 0, 4, example: 2);
    private static readonly Option<FileInfo> Teacher = FileOptions.Existing(new Option<FileInfo>("--teacher") { Description = "A model to learn from beside the labels: a .zip, or a recognizer (.onnx, .pth, .safetensors).", HelpName = "FILE" });
    private static readonly Option<double?> TeacherWeight = NumberOption.Real("--teacher-weight", "The weight of the cosine to --teacher beside the loss. Default 20", "over 0, at most 1000", value => value is > 0 and <= 1000, 20);
    private static readonly Option<double?> TeacherRelations = NumberOption.Real("--teacher-relations", "The weight of the relations of a view to the photographs of the training, as --teacher and student see them, beside the loss. Default 20", "0 to 1000", value => value is >= 0 and <= 1000, 20);
    private static readonly Option<double?> TeacherViews = NumberOption.Real("--teacher-views", "Views of a step that have no label and are for --teacher alone, as a share of the batch. Default 1 with --unlabeled, 0 without", "0 to 8", value => value is >= 0 and <= 8, 2);
    private static readonly Option<double?> TeacherMixed = NumberOption.Real("--teacher-mixed", "Share of --teacher-views that are mixtures of two photographs. Default 1", "0 to 1", value => value is >= 0 and <= 1, 0.5);
    private static readonly Option<DirectoryInfo> Unlabeled = FileOptions.Existing(new Option<DirectoryInfo>("--unlabeled") { Description = "Photographs of anybody that --teacher teaches too: all in this folder and those below it.", HelpName = "DIR" });
    private static readonly Option<DirectoryInfo> Validate = FileOptions.Existing(new Option<DirectoryInfo>("--validate") { Description = "Photographs of other people, one folder a person; the weights that verify them best are kept.", HelpName = "DIR" });
    private static readonly Option<int?> Patience = NumberOption.Whole("--patience", "Stop after so many epochs that do not verify --validate better", 1, 100_000, example: 5);
    private static readonly Option<bool> SkipUnusable = new("--skip-unusable") { Description = "Leave out photographs that cannot be read or show no face, and count them, instead of ending with an error." };
    private static readonly Option<DirectoryInfo> Checkpoints = new("--checkpoints") { Description = "A folder for checkpoints of the run, from which the same command goes on.", HelpName = "DIR" };
    private static readonly Option<int?> CheckpointEvery = NumberOption.Whole("--checkpoint-every", "Steps from checkpoint to checkpoint. Default: one every 5 minutes", 1, int.MaxValue, example: 1000);
    private static readonly Option<bool> Restart = new("--restart") { Description = "Start anew where --checkpoints has checkpoints; the first new one replaces them." };
    private static readonly Option<DirectoryInfo> TensorBoard = new("--tensorboard") { Description = "A folder for TensorBoard's events.", HelpName = "DIR" };
    private static readonly Option<bool> MirrorImage = new("--mirror") { Description = "Embed each face together with its mirror image: better by a little, twice the time." };
    private static readonly Option<FileInfo> Detector = FileOptions.Existing(new Option<FileInfo>("--detector") { Description = "Find and align faces first: the .onnx file of YuNet or SCRFD. It becomes part of the model.", HelpName = "FILE.onnx" });
    private static readonly Option<int?> Seed = NumberOption.Whole("--seed", "Start of all random numbers. Default 1", 0, int.MaxValue, example: 1);

    public static Command Create()
    {
        var command = new Command("train", Description)
        {
            Data, Records, List, ListEncoding, Output, Detector, SkipUnusable, Backbone, EmbeddingSize, MirrorImage, Loss, Margin, Scale, SampleRate, Epochs, BatchSize, Optimizer, LearningRate, WeightDecay,
            Precision, Weights, Pixels, RenewNorms, Freeze, Teacher, TeacherWeight, TeacherRelations, TeacherViews, TeacherMixed, Unlabeled, Validate, Patience, Checkpoints, CheckpointEvery, Restart, TensorBoard, AlignedPhotographs.Required,
            ToolCommand.Gpu, ToolCommand.Threads, Seed,
        };
        command.Validators.Add(result =>
        {
            int sources = new[] { result.GetValue(Data) is not null, result.GetValue(Records) is not null, result.GetValue(List) is not null }.Count(given => given);
            if (sources != 1)
            {
                result.AddError($"Give photographs in one way, not {sources}: --data DIR, --records FILE.rec or --list FILE.");
            }

            foreach (Option option in (Option[])[TeacherWeight, TeacherRelations, TeacherViews, TeacherMixed, Unlabeled])
            {
                if (result.GetResult(option) is not null && result.GetValue(Teacher) is null)
                {
                    result.AddError($"{option.Name} is for what a model teaches; give it with --teacher FILE.");
                }
            }

            foreach (Option option in (Option[])[Backbone, EmbeddingSize])
            {
                if (result.GetResult(option) is { Implicit: false } && result.GetValue(Weights) is { Exists: true } weights && FileNature.Of(weights.FullName)?.Kind == FileKind.Onnx)
                {
                    result.AddError($"{option.Name} is given, but --weights '{weights}' is an ONNX model, which has its network in itself. Leave {option.Name} out.");
                }
            }

            if (result.GetResult(Patience) is not null && result.GetValue(Validate) is null)
            {
                result.AddError("--patience waits for a better validation; give people to validate on with --validate DIR.");
            }
        });
        command.Answer(Run, Check);
        return command;
    }

    /// <summary>What training would refuse, before a photograph is read.</summary>
    private static IReadOnlyList<string> Check(ToolRun run)
    {
        try
        {
            // Whether there are photographs decides; which ones is not known yet.
            IDataView none = FaceFile.ToView([]);
            return OptionsOf(run, run.Get(Validate) is null ? null : none, run.Get(Unlabeled) is null ? null : none).Violations();
        }
        catch (ArgumentException error)
        {
            return [error.Message];
        }
    }

    private static ToolAnswer Run(ToolRun run)
    {
        string output = run.Need(Output).FullName;
        ModelFile.CheckReplacesModelAlone(output, (Weights.Name, run.Get(Weights)), (Teacher.Name, run.Get(Teacher)), (Detector.Name, run.Get(Detector)));
        if (run.Get(Detector) is null && run.Get(Weights) is { } initial && FacePreparation.HasDetector(initial.FullName))
        {
            run.Say($"'{initial}' finds faces with a detector. A training takes on its network alone: photographs have to be aligned faces, and the new model finds none, unless --detector FILE.onnx names the detector again.");
        }

        MLContext ml = run.CreateContext(SeedOf(run));
        var start = new TrainingStart(run, run.Get(Checkpoints)?.ToString());
        FaceRecognitionCatalog faces = run.FaceRecognition(ml, start.Observe);
        (IDataView train, string source) = Photographs(run, faces);
        ITransformer preparation = FacePreparation.Create(ml, source, FacePreparation.Detector.Of(run.Get(Detector)), run.Get(SkipUnusable)).Fit(train);
        using var native = preparation as IDisposable;
        IDataView? validation = run.Get(Validate) is { } others ? preparation.Transform(run.LoadFromFolder(faces, others, run.Get(SkipUnusable))) : null;
        IDataView? unlabeled = run.Get(Unlabeled) is { } anybody ? preparation.Transform(run.LoadOfAnybody(faces, Unlabeled, anybody, run.Get(SkipUnusable))) : null;

        TrainingProgress? last = null;
        var clock = Stopwatch.StartNew();
        ArcFaceTrainer.Options options = OptionsOf(run, validation, unlabeled) with
        {
            CancellationToken = run.CancellationToken,
            Progress = progress =>
            {
                last = progress;
                run.Display.Show(progress);
            },
        };
        FaceEmbeddingTransformer embedding = Train(run, faces, options, preparation.Transform(train));

        using (embedding)
        {
            faces.SaveModel(new TransformerChain<ITransformer>(preparation, embedding), train.Schema, output);
            return new ToolAnswer(
                new TrainFacts(
                    output, embedding.Fingerprint, embedding.NetworkName, run.Need(Loss), embedding.Model.Facts.PersonCount, embedding.UnalignedImageCount,
                    last?.Step, last?.Epoch, last?.Loss, last?.ImagesPerSecond, clock.Elapsed.TotalSeconds, last?.ValidationAreaUnderRocCurve, start.ResumedAfterStep, run.LeftOut),
                string.Create(CultureInfo.InvariantCulture, $"Wrote {TerminalText.OfLine(output)} ({new FileInfo(output).Length / 1e6:F1} MB) in {clock.Elapsed.TotalSeconds:F0} s. Next: arcface calibrate --model {TerminalText.OfLine(output)} --data PEOPLE-NOT-TRAINED-ON"));
        }
    }

    private static FaceEmbeddingTransformer Train(ToolRun run, FaceRecognitionCatalog faces, ArcFaceTrainer.Options options, IDataView photographs)
    {
        string goesOn = run.Get(Restart) ? "the same command without --restart goes on from there" : "the same command goes on from there";
        try
        {
            return faces.Trainers.ArcFace(options).Fit(photographs);
        }
        catch (TrainingCanceledException stopped)
        {
            string kept = stopped.CheckpointPath is { } checkpoint
                ? $"'{checkpoint}' keeps it; {goesOn}."
                : "Nothing was kept; with --checkpoints DIR a training can go on where it was stopped.";
            throw new ToolStoppedException($"{stopped.Step} of {stopped.Steps} steps were done (epoch {stopped.Epoch}). {kept}", stopped);
        }
        catch (OperationCanceledException stopped)
        {
            throw new ToolStoppedException($"No step of this run was done. {(options.CheckpointDirectory is null ? "Nothing was kept." : "The checkpoints are as they were.")}", stopped);
        }
    }

    private static int SeedOf(ToolRun run) => run.Get(Seed) ?? 1;

    private static ArcFaceTrainer.Options OptionsOf(ToolRun run, IDataView? validation, IDataView? unlabeled) => new()
    {
        Backbone = run.Get(Backbone),
        EmbeddingSize = run.Get(EmbeddingSize) ?? new ArcFaceTrainer.Options().EmbeddingSize,
        Loss = LossOption.Make(run.Need(Loss), run.Get(Margin), run.Get(Scale)),
        Epochs = run.Get(Epochs),
        BatchSize = run.Get(BatchSize),
        Optimizer = run.Get(Optimizer),
        LearningRate = run.Get(LearningRate),
        WeightDecay = run.Get(WeightDecay),
        Precision = run.Get(Precision),
        ClassSampleRate = run.Get(SampleRate),
        InitialWeights = run.Get(Weights)?.FullName,
        Pixels = run.Get(Pixels),
        RenewNorms = run.Get(RenewNorms),
        FrozenStages = run.Get(Freeze) ?? 0,
        Teacher = TeacherOf(run, unlabeled),
        ValidationSet = validation,
        EarlyStoppingPatienceEpochs = run.Get(Patience),
        RequireAligned = run.Get(AlignedPhotographs.Required),
        UnreadableImages = run.Get(SkipUnusable) ? UnreadableImages.Skip : UnreadableImages.Error,
        CheckpointDirectory = run.Get(Checkpoints)?.FullName,
        CheckpointEverySteps = run.Get(CheckpointEvery),
        Resume = !run.Get(Restart),
        TensorBoardDirectory = run.Get(TensorBoard)?.FullName,
        AddMirrorImage = run.Get(MirrorImage),
        Seed = SeedOf(run),
    };

    private static FaceTeacher? TeacherOf(ToolRun run, IDataView? unlabeled)
    {
        if (run.Get(Teacher) is not { } file)
        {
            return null;
        }

        var usual = new FaceTeacher(file.FullName);
        return usual with
        {
            Weight = run.Get(TeacherWeight) ?? usual.Weight,
            RelationWeight = run.Get(TeacherRelations) ?? usual.RelationWeight,
            UnlabeledViewShare = run.Get(TeacherViews) ?? usual.UnlabeledViewShare,
            MixedShare = run.Get(TeacherMixed) ?? usual.MixedShare,
            UnlabeledPhotographs = unlabeled,
        };
    }

    /// <summary>The photographs and the column that they are in.</summary>
    private static (IDataView Rows, string Source) Photographs(ToolRun run, FaceRecognitionCatalog faces) =>
        run.Get(Records) is { } records ? (faces.LoadFromRecordIO(records.FullName, encoding: EncodingOption.Find(run.Get(ListEncoding))), "ImageBytes")
        : run.Get(List) is { } list ? (faces.LoadFromList(list.FullName, encoding: EncodingOption.Find(run.Get(ListEncoding))), "ImagePath")
        : (run.LoadFromFolder(faces, run.Need(Data), run.Get(SkipUnusable)), "ImagePath");
}

/// <summary>Names the model, and tells what training came to.</summary>
internal sealed record TrainFacts(
    string Model, string Fingerprint, string Backbone, string Loss, int? People, long NotAligned, int? Steps, int? Epochs, double? FinalLoss, double? ImagesPerSecond, double Seconds,
    double? ValidationAreaUnderRocCurve, long? ResumedAfterStep, IReadOnlyList<LeftOutFiles> LeftOut) : ToolFacts;
