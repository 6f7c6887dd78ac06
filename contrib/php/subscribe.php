<?php
// POST of the "Join our email list" form, handed to newsletter without a shell. Runs as the user newsletter, or in its group.
declare(strict_types=1);
putenv('PATH=' . (getenv('PATH') ?: '/usr/bin:/bin') . ':/usr/local/bin');

header('Content-Type: text/plain; charset=utf-8'); // replaced where all goes well
if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    http_response_code(405);
    exit("Please use the form.\n");
}
$command = ['newsletter', '--config', '/etc/newsletter/newsletter.yaml', 'subscribe',
            '--html', '--source', 'website', '--ip', $_SERVER['REMOTE_ADDR']];
$errors = tmpfile(); // two pipes, read one after the other, could wait for each other
$hook = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], $errors], $pipes);
fwrite($pipes[0], http_build_query([
    'email' => (string) ($_POST['email'] ?? ''),
    'name' => (string) ($_POST['name'] ?? ''),
]));
fclose($pipes[0]);
$answer = stream_get_contents($pipes[1]);
$status = proc_close($hook);
rewind($errors);
$told = trim((string) stream_get_contents($errors, 4096));
if ($told !== '') {
    error_log($told); // for the operator; the visitor gets the answer
}
if ($status === 65) {
    http_response_code(400);
    $answer = "This is not an e-mail address. Please go back and check it.\n";
} elseif ($status === 75) {
    http_response_code(429);
    $answer = "Too many requests at the moment. Please try again later.\n";
} elseif ($status !== 0) {
    http_response_code(503);
    $answer = "Something is wrong on our side. Please try again later.\n";
} else {
    header('Content-Type: text/html; charset=utf-8');
}
echo $answer;
