using System.CommandLine;
using System.Globalization;
using BenchmarkDotNet.Running;
using System.Text.Json;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Benchmarks;
using Microsoft.ML.ArcFace.Benchmarks.Embedding;
using Microsoft.ML.ArcFace.Benchmarks.Gallery;
using Microsoft.ML.ArcFace.Benchmarks.Grouping;
using Microsoft.ML.ArcFace.Benchmarks.Heads;
using Microsoft.ML.ArcFace.Benchmarks.Input;
using Microsoft.ML.ArcFace.Benchmarks.Quality;
using Microsoft.ML.ArcFace.Benchmarks.Scaling;
using Microsoft.ML.ArcFace.Benchmarks.Serving;
using Microsoft.ML.ArcFace.Benchmarks.Training;

// "compare", "heads", "partial-fc" and "gallery" measure side by side in one run; everything else goes to BenchmarkDotNet.
var rounds = new Option<int>("--rounds") { Description = "Alternating rounds; medians are taken over them.", DefaultValueFactory = _ => 9 };
var classes = new Option<long>("--classes") { Description = "Number of people.", DefaultValueFactory = _ => 1_000_000 };
var rate = new Option<double>("--rate") { Description = "Share of the classes that a step scores.", DefaultValueFactory = _ => 0.1 };

var heads = new Command("heads", "Forward and backward pass of the loss heads, as ratios to Softmax.") { rounds };
heads.SetAction(parsed => HeadComparison.Run(parsed.GetValue(rounds)));
var kind = new Option<string?>("--kind") { Hidden = true };
var partial = new Command("partial-fc", "A training step of the head with all people and with a sample, and the memory of each, in a process of its own.") { rounds, classes, rate, kind };
partial.SetAction(parsed => PartialFcComparison.Run(parsed.GetValue(classes), parsed.GetValue(rate), parsed.GetValue(rounds), parsed.GetValue(kind)));
var benchmarks = new Command("benchmark", "BenchmarkDotNet; its own options follow, for example: benchmark --filter *Head*.") { TreatUnmatchedTokensAsErrors = false };
benchmarks.SetAction(parsed => BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run([.. parsed.UnmatchedTokens], InProcess.Config));
var backbones = new Option<string[]>("--backbones") { Description = "Networks; by default r18, r50 and mbf, in training r18 and mbf.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
var faces = new Option<int>("--faces") { Description = "Photographs in a measurement.", DefaultValueFactory = _ => 64 };
var batch = new Option<int>("--batch") { Description = "Photographs in a pass.", DefaultValueFactory = _ => 32 };
var people = new Option<int>("--people") { Description = "People that training tells apart.", DefaultValueFactory = _ => 10_000 };
var threads = new Option<int>("--threads") { Description = "Threads that each may use.", DefaultValueFactory = _ => Environment.ProcessorCount };
var data = new Option<string?>("--data") { Description = "Folder of JPEG files of 112×112 pixels; drawn ones if not given." };
var python = new Option<string>("--python") { Description = "The Python that has PyTorch; by default PYTHON, or /usr/bin/python3.", DefaultValueFactory = _ => Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3" };
var output = new Option<string?>("--output") { Description = "A JSON file for what was measured." };
var gpu = new Option<int?>("--gpu") { Description = "Measures on the GPU of this number, from decoded pixels and beside PyTorch alone; by default r50." };
var only = new Option<string[]>("--only") { Description = "Parts to measure; by default all.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => ["embedding", "training", "input"] };
only.AcceptOnlyFromAmong("embedding", "training", "input");
var avx2 = new Option<bool>("--avx2") { Description = "Also embeds in a process without AVX-512, beside the multiply-adds that one thread makes so." };
var otherBuild = new Option<string?>("--other-build") { Description = "Also embeds with this build and another one in turns: the folder of this program as the other made it." };
var graphFile = new Option<string?>("--graph") { Description = "Measures this .onnx file of a recognizer instead, beside ApplyOnnxModel and ONNX Runtime on the same file." };
var detectorFile = new Option<string?>("--detector") { Description = "Measures this .onnx file of a face detector instead, beside ONNX Runtime on the same file." };
var images = new Option<int>("--images") { Description = "Photographs that the input side reads in an epoch.", DefaultValueFactory = _ => 20_000 };
var listed = new Option<int>("--listed") { Description = "Photographs that are listed for it, and read once before, at least --images.", DefaultValueFactory = _ => 20_000 };
var compareRounds = new Option<int>("--rounds") { Description = rounds.Description, DefaultValueFactory = _ => 5 };
var compare = new Command("compare", "Embedding beside ApplyOnnxModel, ONNX Runtime and PyTorch, training beside PyTorch, the input side alone.") { only, graphFile, detectorFile, compareRounds, backbones, avx2, otherBuild, faces, batch, people, images, listed, threads, gpu, data, python, output };
compare.SetAction(parsed =>
{
    var measured = new Dictionary<string, object>();
    string[] parts = parsed.GetValue(only)!;
    if (parsed.GetValue(graphFile) is { } recognizer)
    {
        parts = [];
        measured["graph"] = new GraphComparison(recognizer, parsed.GetValue(compareRounds), parsed.GetValue(faces), parsed.GetValue(batch), parsed.GetValue(threads)).Run();
    }

    if (parsed.GetValue(detectorFile) is { } faceDetector)
    {
        parts = [];
        measured["detector"] = new DetectorComparison(faceDetector, parsed.GetValue(compareRounds), parsed.GetValue(threads)).Run();
    }

    if (parts.Contains("embedding") && parsed.GetValue(gpu) is { } onGpu)
    {
        var embedding = new GpuEmbeddingComparison(parsed.GetValue(compareRounds), parsed.GetValue(batch), onGpu, parsed.GetValue(python)!);
        measured["embedding"] = embedding.Run(Backbones("r50"));
    }
    else if (parts.Contains("embedding"))
    {
        var embedding = new EmbeddingComparison(parsed.GetValue(compareRounds), parsed.GetValue(faces), parsed.GetValue(batch), parsed.GetValue(threads), parsed.GetValue(data), parsed.GetValue(python)!, parsed.GetValue(avx2), parsed.GetValue(otherBuild));
        measured["embedding"] = embedding.Run(Backbones("r18", "r50", "mbf"));
    }

    if (parts.Contains("training"))
    {
        var training = new TrainingComparison(parsed.GetValue(compareRounds), parsed.GetValue(batch), parsed.GetValue(people), parsed.GetValue(threads), parsed.GetValue(gpu), parsed.GetValue(python)!);
        measured["training"] = training.Run(parsed.GetValue(gpu) is null ? Backbones("r18", "mbf") : Backbones("r50"));
    }

    if (parts.Contains("input") && parsed.GetValue(gpu) is null)
    {
        measured["input"] = new InputThroughput(Math.Max(parsed.GetValue(listed), parsed.GetValue(images)), parsed.GetValue(images), parsed.GetValue(batch), parsed.GetValue(data)).Run();
    }

    string json = JsonSerializer.Serialize(measured);
    Console.WriteLine(json);
    if (parsed.GetValue(output) is { } path)
    {
        File.WriteAllText(path, json);
    }

    BackboneArchitecture[] Backbones(params string[] usual) => [.. (parsed.GetValue(backbones) is { Length: > 0 } chosen ? chosen : usual).Select(BackboneArchitectures.Parse)];
});
var trained = new Argument<string[]>("race");
var step = new Command(TrainingStep.Command) { trained };
step.Hidden = true;
step.SetAction(parsed =>
{
    (TrainingRace race, TrainingPrecision arithmetic) = TrainingRace.Parse(parsed.GetValue(trained));
    TrainingStep.Run(race, arithmetic);
});

var contender = new Command(ProcessContender.Command) { trained };
contender.Hidden = true;
contender.SetAction(parsed => ProcessContender.Run(parsed.GetValue(trained)!));

var model = new Option<string>("--model") { Required = true };
var image = new Option<string>("--image") { Required = true };
var first = new Command(FirstPrediction.Command) { model, image };
first.Hidden = true;
first.SetAction(parsed => FirstPrediction.Run(parsed.GetValue(model)!, parsed.GetValue(image)!));
var test = new Option<string>("--test") { Required = true, Description = "Photographs of the pairs, one folder a person." };
var pairs = new Option<string>("--pairs") { Required = true, Description = "Pairs in the format of LFW's pairs.txt." };
var precision = new Command("precision", "What bfloat16 changes on real faces: cosines and accuracy of a trained model.") { model, test, pairs };
precision.SetAction(parsed => PrecisionComparison.Run(parsed.GetValue(model)!, parsed.GetValue(test)!, parsed.GetValue(pairs)!));
var tuned = new Option<string>("--graph") { Required = true, Description = "The .onnx file of a recognizer." };
var faceFolder = new Option<string>("--train") { Required = true, Description = "Aligned photographs, one folder a person." };
var held = new Option<int>("--held") { Description = "People of --train who are measured on instead of trained on.", DefaultValueFactory = _ => 40 };
var tests = new Option<string?>("--test") { Description = "Photographs of --pairs, one folder a person; all of --train is trained on then." };
var testPairs = new Option<string?>("--pairs") { Description = pairs.Description };
var epochs = new Option<int>("--epochs") { DefaultValueFactory = _ => 3 };
var learningRate = new Option<double>("--learning-rate") { DefaultValueFactory = _ => 1e-3 };
var share = new Option<double>("--share") { Description = "The body's share of the learning rate.", DefaultValueFactory = _ => 0.1 };
var renew = new Option<bool>("--renew-norms");
var frozen = new Option<int>("--freeze");
var reduction = new Option<double>("--reduce") { Description = "Share of the photographs of training that are reduced." };
var seed = new Option<int>("--seed") { DefaultValueFactory = _ => 1 };
var split = new Option<int>("--split") { Description = "Which people are held out: the first of them, in the order of names." };
LearnedFaces Learned(ParseResult parsed) => new(parsed.GetValue(faceFolder)!, parsed.GetValue(held), parsed.GetValue(split), parsed.GetValue(tests), parsed.GetValue(testPairs));
var fineTuning = new Command("fine-tuning", "A recognizer of others before and after it was trained on, by kinds of photographs.") { tuned, faceFolder, held, split, tests, testPairs, epochs, learningRate, share, renew, frozen, reduction, seed };
fineTuning.SetAction(parsed => FineTuning.Run(Learned(parsed), parsed.GetValue(tuned)!, new ArcFaceTrainer.Options
{
    Epochs = parsed.GetValue(epochs), LearningRate = parsed.GetValue(learningRate), BackboneLearningRateShare = parsed.GetValue(share), RenewNorms = parsed.GetValue(renew),
    FrozenStages = parsed.GetValue(frozen), Augmentation = FaceAugmentation.Light with { ReductionProbability = parsed.GetValue(reduction) }, Seed = parsed.GetValue(seed),
}));
var teacher = new Option<string?>("--teacher") { Description = "The teacher, as the trainer takes it; without one: from labels alone." };
var taughtEpochs = new Option<int?>("--epochs");
var taughtRate = new Option<double?>("--learning-rate");
var taughtBatch = new Option<int?>("--batch");
var teacherWeight = new Option<double>("--weight") { DefaultValueFactory = _ => new FaceTeacher("any").Weight };
var relationWeight = new Option<double>("--relations") { DefaultValueFactory = _ => new FaceTeacher("any").RelationWeight };
var viewShare = new Option<double?>("--views") { Description = "Views without a label, as a share of the batch." };
var mixedShare = new Option<double>("--mixed") { Description = "Share of them that are mixtures.", DefaultValueFactory = _ => new FaceTeacher("any").MixedShare };
var student = new Option<string>("--backbone") { DefaultValueFactory = _ => "mbf" };
var decay = new Option<double?>("--weight-decay");
var teaching = new Command("teaching", "A network from random weights that learns from a teacher, or from labels alone, by kinds of photographs.") { teacher, student, faceFolder, held, split, tests, testPairs, taughtEpochs, taughtRate, taughtBatch, decay, teacherWeight, relationWeight, viewShare, mixedShare, seed };
teaching.SetAction(parsed => FineTuning.Teach(Learned(parsed), new ArcFaceTrainer.Options
{
    Backbone = BackboneArchitectures.Parse(parsed.GetValue(student)!), Epochs = parsed.GetValue(taughtEpochs), LearningRate = parsed.GetValue(taughtRate), BatchSize = parsed.GetValue(taughtBatch),
    WeightDecay = parsed.GetValue(decay), Seed = parsed.GetValue(seed),
    Teacher = parsed.GetValue(teacher) is { } file
        ? new FaceTeacher(file) { Weight = parsed.GetValue(teacherWeight), RelationWeight = parsed.GetValue(relationWeight), UnlabeledViewShare = parsed.GetValue(viewShare), MixedShare = parsed.GetValue(mixedShare) }
        : null,
}));
var qualityDetector = new Option<string>("--detector") { Required = true, Description = "The .onnx file of a detector." };
var unaligned = new Option<string>("--photographs") { Required = true, Description = "A folder of photographs that are not aligned." };
var mostPairs = new Option<int>("--most") { Description = "Pairs of one person that are measured at most.", DefaultValueFactory = _ => 1000 };
var quality = new Command("quality", "What the numbers of a face's quality mean for recognition: photographs made worse on purpose.") { tuned, qualityDetector, test, pairs, unaligned, mostPairs };
quality.SetAction(parsed => new QualityLimits(parsed.GetValue(tuned)!, parsed.GetValue(qualityDetector)!, parsed.GetValue(test)!, parsed.GetValue(pairs)!, parsed.GetValue(unaligned)!, parsed.GetValue(mostPairs)).Run());
var predictions = new Option<int>("--predictions") { Description = "Photographs embedded one by one.", DefaultValueFactory = _ => 10_000 };
var memory = new Command("memory", "Tensors alive and the resident set over many predictions, and over three epochs of training.") { predictions };
memory.SetAction(parsed =>
{
    PredictionMemory.Run(parsed.GetValue(predictions));
    TrainingMemory.Run();
});
var reloaded = new Option<string?>("--model") { Description = "A model's .zip; by default MobileFaceNet with random weights." };
var times = new Option<int>("--times") { Description = "Replacements of the file.", DefaultValueFactory = _ => 320 };
var reloads = new Command("reloads", "The resident set of a service over many replacements of its model's file.") { reloaded, times };
reloads.SetAction(parsed => _ = ReloadMemory.Run(parsed.GetValue(reloaded), parsed.GetValue(times)));
var point = new Argument<string[]>("point");
var scalingPoint = new Command(ScalingPoint.Command) { point };
scalingPoint.Hidden = true;
scalingPoint.SetAction(parsed => ScalingPoint.Run(parsed.GetValue(point)![0], parsed.GetValue(point)![1], int.Parse(parsed.GetValue(point)![2], CultureInfo.InvariantCulture)));
var folder = new Option<string>("--folder") { Description = "Where scaling.json and the pictures go.", DefaultValueFactory = _ => "." };
var largest = new Option<int>("--largest") { Description = "The most people and photographs; a million people take 15 GB.", DefaultValueFactory = _ => 1_000_000 };
var scaling = new Command("scaling", "Time and memory against people, photographs, faces in a pass and threads, beside their floors: tables, JSON and pictures.") { folder, largest };
scaling.SetAction(parsed => new ScalingComparison(parsed.GetValue(folder)!, parsed.GetValue(largest)).Run());
var enrolled = new Option<int>("--people") { Description = "People in the gallery, a vector each.", DefaultValueFactory = _ => 100_000 };
var size = new Option<int>("--size") { Description = "Numbers in a vector.", DefaultValueFactory = _ => 512 };
var gallery = new Command("gallery", "One search of a gallery beside reading as much memory once, as ratios.") { enrolled, size, rounds, threads };
gallery.SetAction(parsed => GalleryComparison.Run(parsed.GetValue(enrolled), parsed.GetValue(size), parsed.GetValue(rounds), parsed.GetValue(threads)));
var opening = new Command("gallery-opening", "Enrolling into a gallery's file and opening it, beside SQLite's check of its structure; the file stays in the folder.") { enrolled, size, compareRounds, folder };
opening.SetAction(parsed => GalleryOpening.Run(parsed.GetValue(enrolled), parsed.GetValue(size), parsed.GetValue(compareRounds), parsed.GetValue(folder)!));
var connection = new Option<string>("--connection") { Required = true, Description = "A database with pgvector, as Npgsql takes it; the gallery stays in a schema of its own." };
var postgres = new Command("postgres", "What the index of a gallery in PostgreSQL finds of what an exact search finds.") { connection, enrolled, size };
postgres.SetAction((parsed, _) => PostgresRecall.RunAsync(parsed.GetValue(connection)!, parsed.GetValue(enrolled), parsed.GetValue(size)));
var labeled = new Option<string>("--data") { Required = true, Description = "Photographs of people whom the calibration does not know, one folder a person." };
var raw = new Option<string?>("--composites") { Description = "Photographs of one face each, NAME_NNNN.jpg, of people of --data: sorts the faces of composites of two to six of these instead." };
var detecting = new Option<string?>("--detecting") { Description = "The same recognizer with a detector, for --composites." };
var grouping = new Command("grouping", "Sorting photographs into people, beside DBSCAN of scikit-learn on the same embeddings.") { model, labeled, raw, detecting, python };
grouping.SetAction(parsed =>
{
    if (parsed.GetValue(raw) is { } photographs)
    {
        GroupingComparison.RunComposites(parsed.GetValue(model)!, parsed.GetValue(detecting) ?? throw new ArgumentException("Give --detecting with --composites."), photographs, parsed.GetValue(labeled)!, parsed.GetValue(python)!);
    }
    else
    {
        GroupingComparison.Run(parsed.GetValue(model)!, parsed.GetValue(labeled)!, parsed.GetValue(python)!);
    }
});
var sorted = new Option<int>("--faces") { Description = "Faces that are sorted.", DefaultValueFactory = _ => 100_000 };
var groupingScale = new Command("grouping-scale", "Time and memory of sorting many drawn vectors into people.") { sorted, size, threads };
groupingScale.SetAction(parsed => GroupingScale.Run(parsed.GetValue(sorted), parsed.GetValue(size), parsed.GetValue(threads)));
return new RootCommand("Measurements of Microsoft.ML.ArcFace.") { compare, step, contender, precision, fineTuning, teaching, quality, memory, reloads, scaling, scalingPoint, gallery, opening, postgres, grouping, groupingScale, first, heads, partial, benchmarks }.Parse(args).Invoke();
